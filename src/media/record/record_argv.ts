import type { Ffmpeg } from "../../node/index.ts";

/**
 * A segment ends at the first key frame after so long. 1 s: as many files as seconds, and a clip begins at most one
 * second, or one distance of key frames, too early.
 */
const SEGMENT_SEC = 1;

export interface RecordArgv {
  readonly input: readonly string[];
  readonly audio: boolean;
  /** With a `%06d` for the number. */
  readonly segments: string;
}

/**
 * Copies a stream into segments without decoding it. Two things come by stdout, line by line: each finished segment
 * (`name,from,to`), and every half second how many pictures there were so far.
 */
export const recordArgv = ({ file }: Pick<Ffmpeg, "file">, { input, audio, segments }: RecordArgv): string[] => [
  ...[file, "-hide_banner", "-nostdin", "-nostats", "-loglevel", "level+info", "-progress", "pipe:1"],
  ...input,
  ...["-map", "0:V:0", ...(audio ? ["-map", "0:a:0?"] : []), "-c", "copy", "-map_metadata", "-1"],
  // Matroska holds whatever cameras send, G.711 included.
  ...["-f", "segment", "-segment_time", String(SEGMENT_SEC), "-segment_format", "matroska"],
  // Times of each begin with 0: of a short one ffmpeg does not always find where they begin.
  ...["-reset_timestamps", "1", "-segment_list", "pipe:1", "-segment_list_type", "csv", segments],
];

/** What kinds of stream ffmpeg found, without what changes from one connection to the next. */
export function streamKinds(stderr: string): string {
  const input = /Input #0,.*?(?=Stream mapping:|Output #0|$)/s.exec(stderr)?.[0] ?? "";
  const kinds = [...input.matchAll(/Stream #0:\d+.*?: ((?:Video|Audio): .+)/g)].map(([, kind]) => kind!);
  // Rates are guessed anew each time: "25 fps, 25 tbr", "64 kb/s".
  return kinds.map((kind) => kind.replace(/, [\d.k]+ (?:fps|tbr|tbn|tbc|kb\/s)/g, "")).join("; ");
}
