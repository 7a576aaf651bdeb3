import { fromMs, type Segment, toMs } from "./segment_ring.ts";

/** ffmpeg's arguments by which it reads a list of segments from stdin. */
export const CONCAT_INPUT = ["-protocol_whitelist", "file,pipe", "-f", "concat", "-safe", "0", "-i", "pipe:0"];

/**
 * Segments one behind the other. Each lasts until the next began, so that an outage between two connections takes as
 * long in the clip as it did, and sound keeps in step.
 */
export function concatList(segments: readonly Segment[]): Uint8Array {
  const lines = segments.map((segment, at) => {
    const next = segments[at + 1];
    const lastsMs = (next === undefined ? toMs(segment) : fromMs(next)) - fromMs(segment);
    // Named as an address: a bare path would be looked for beside stdin.
    return `file 'file:${segment.file.replaceAll("'", "'\\''")}'\nduration ${(Math.max(1, lastsMs) / 1_000).toFixed(6)}\n`;
  });
  return new TextEncoder().encode(`ffconcat version 1.0\n${lines.join("")}`);
}
