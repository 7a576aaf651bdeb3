import type { Ffmpeg } from "../node/index.ts";
import type { AudioSpec } from "./audio_spec.ts";

/** The command that decodes one sound track into 32-bit floats. */
export function audioArgv({ file }: Pick<Ffmpeg, "file">, spec: AudioSpec): string[] {
  const { input, track, channel, live, sampleRate, channels } = spec;
  const one = channel === undefined ? [] : [`pan=mono|c0=c${channel}`];
  return [
    ...[file, "-hide_banner", "-nostdin", "-nostats", "-loglevel", "level+info"],
    ...input,
    ...["-map", `0:a:${track}`, "-map_metadata", "-1", "-map_chapters", "-1"],
    ...["-af", [...one, resampler(live)].join(",")],
    ...["-ar", String(sampleRate), "-ac", String(channels)],
    // Each packet at once: ffmpeg would collect 32 kB, which is half a second.
    ...(live ? ["-flush_packets", "1"] : []),
    ...["-c:a", "pcm_f32le", "-f", "f32le", "-"],
  ];
}

/**
 * `rematrix_maxval=1`: channels are mixed to their mean, and never beyond 1. In a file, gaps between its packets are
 * filled with silence and it begins at its own time 0, so that a sample's number is its time; what comes live is placed
 * by its arrival, as clocks of cameras jump.
 */
const resampler = (live: boolean) =>
  ["aresample=rematrix_maxval=1", ...(live ? [] : ["async=1", "first_pts=0"])].join(":");
