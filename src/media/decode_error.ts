import type { StreamInfo } from "./decode_spec.ts";

/**
 * Pixels of one picture. Why 2^25: 8K UHD (7680 × 4320) just fits, and is 100 MB in three bytes a pixel; sixteen of
 * them are what a small box has as a whole. A file may claim any size.
 */
export const MAX_PIXELS = 2 ** 25;

/** Sentences of ffmpeg that are told; the last ones name the reason, those before repeat it. */
const TOLD = 3;

/** ffmpeg's words, and what they mean for who wrote the graph. The first that fits. */
const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/matches no streams/, "it has no video stream"],
  [/misdetection possible/, "it is no video, or damaged"],
  [/moov atom not found/, "it is cut off: its index, which is written last, is missing; copy or record it again"],
  [/Invalid data found when processing input/, "it is no video, or damaged"],
];

const SIZE = /Picture size (\d+)x(\d+) (?:exceeds|is invalid)/;

/** What is known of a picture stream that failed, or for other streams what ffmpeg's words mean. */
export type KnownFacts = Pick<StreamInfo, "hasAudio"> | { readonly meaning: string | undefined };

/** A stream of pictures or of sound could not be decoded, or no longer. */
export class DecodeError extends Error {
  /** What ffmpeg complained about. */
  readonly complaints: readonly string[];

  constructor(name: string, reason: string, complaints: readonly string[], facts: KnownFacts) {
    const said = complaints.slice(-TOLD).join("; ");
    const meaning = meaningOf(complaints, facts);
    const why = meaning === undefined ? reason : `${meaning} (${reason})`;
    super(`cannot decode ${name}: ${why}${said === "" ? "" : `: ${said}`}`);
    this.name = "DecodeError";
    this.complaints = complaints;
  }
}

function meaningOf(complaints: readonly string[], facts: KnownFacts): string | undefined {
  if ("meaning" in facts) return facts.meaning;
  const [, width, height] = complaints.map((line) => SIZE.exec(line)).find((found) => found !== null) ?? [];
  if (Number(width) * Number(height) > MAX_PIXELS) return tooLarge({ width: Number(width), height: Number(height) });
  const meaning = MEANINGS.find(([pattern]) => complaints.some((line) => pattern.test(line)))?.[1];
  return meaning?.includes("no video stream") && facts.hasAudio ? `${meaning}, only sound` : meaning;
}

/** Why a picture is refused for its size. */
export const tooLarge = ({ width, height }: { width: number; height: number }): string =>
  `a picture of ${width}x${height} has ${width * height} pixels, and the bound is ${MAX_PIXELS} (8K): scale the file down first`;
