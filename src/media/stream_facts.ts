import type { StreamInfo } from "./decode_spec.ts";

type Facts = Pick<StreamInfo, "codec" | "source" | "durationMs" | "rotation" | "hasAudio">;

/**
 * What ffmpeg says about its input while it opens it. Read from its messages, so that the input is opened once and no
 * second program is needed; all of it is for people and for hints, nothing depends on it.
 */
export function streamFacts(stderr: string): Facts {
  const input = /Input #0,.*?(?=Stream mapping:|Output #0|$)/s.exec(stderr)?.[0] ?? "";
  const video = /Stream #0:\d+.*?: Video: (\w+)(.*)/.exec(input);
  const [, pixelFormat = "", width = "", height = ""] =
    /, (\w+)(?:\([^)]*\))?, (\d+)x(\d+)/.exec(video?.[2] ?? "") ?? [];
  const rotation = Number(/rotation of (-?[\d.]+) degrees/.exec(input)?.[1] ?? 0);
  return {
    codec: video?.[1],
    source: width === "" ? undefined : { width: Number(width), height: Number(height), pixelFormat },
    durationMs: durationMs(input),
    // The matrix counts against the clock.
    rotation: (360 - Math.round(rotation)) % 360,
    hasAudio: /Stream #0:\d+.*?: Audio: /.test(input),
  };
}

function durationMs(input: string): number | undefined {
  const [, hours, minutes, seconds] = /Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)/.exec(input) ?? [];
  if (hours === undefined) return undefined;
  return Math.round(((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000);
}
