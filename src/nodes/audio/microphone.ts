import { HOW_TO_GET_FFMPEG } from "../../media/index.ts";
import type { Ffmpeg } from "../../node/index.ts";
import type { AudioSourceConfig } from "./audio_source_config.ts";

type System = Exclude<AudioSourceConfig["system"], "auto">;

/** The first one that ffmpeg has. ALSA's default device is PulseAudio's where that runs. */
const SYSTEMS: Readonly<Record<string, readonly System[]>> = {
  linux: ["alsa", "pulse"],
  darwin: ["avfoundation"],
  win32: ["dshow"],
};

/** ffmpeg's options for a microphone; throws an Error when this ffmpeg cannot hear. */
export function microphoneInput(options: AudioSourceConfig, ffmpeg: Ffmpeg): string[] {
  const { device = "default", capture_rate, capture_channels } = options;
  const system = systemOf(options, ffmpeg);
  return [
    ...["-f", system],
    ...(capture_rate === undefined ? [] : ["-sample_rate", String(capture_rate)]),
    ...(capture_channels === undefined ? [] : ["-channels", String(capture_channels)]),
    ...["-i", system === "avfoundation" ? `:${device}` : system === "dshow" ? `audio=${device}` : device],
  ];
}

function systemOf({ system }: AudioSourceConfig, ffmpeg: Ffmpeg): System {
  const wanted = system === "auto" ? (SYSTEMS[process.platform] ?? ["alsa"]) : [system];
  const found = wanted.find((name) => ffmpeg.can("device", name));
  if (found !== undefined) return found;
  throw new Error(
    `cannot open a microphone: ${ffmpeg.file} (${ffmpeg.from}) has no ${wanted.join(" and no ")}; ${HOW_TO_GET_FFMPEG}`,
  );
}

/** DirectShow knows no default device. */
export const needsName = ({ system, device }: AudioSourceConfig): boolean =>
  device === "default" && (system === "dshow" || (system === "auto" && process.platform === "win32"));
