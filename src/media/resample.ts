import type { Plane } from "./planes.ts";

/** Which samples of a row make up each sample of the row it becomes, and how much of each; 2^14 is the whole. */
export interface Taps {
  readonly first: Int32Array;
  readonly count: number;
  readonly weights: Int32Array;
}

const WHOLE_BITS = 14;
const WHOLE = 1 << WHOLE_BITS;

/**
 * Bilinear, as ffmpeg's: between the two nearest samples when the row becomes longer, and over all that a sample
 * covers, weighted like a tent, when it becomes shorter. Two samples alone would make small things flicker.
 */
export function makeTaps(from: number, to: number): Taps {
  const scale = from / to;
  const reach = Math.max(1, scale);
  const count = Math.min(from, 2 * Math.ceil(reach) + 1);
  const first = new Int32Array(to);
  const weights = new Int32Array(to * count);
  for (let at = 0; at < to; at++) {
    const centre = (at + 0.5) * scale - 0.5;
    const start = Math.max(0, Math.min(from - count, Math.ceil(centre - reach)));
    first[at] = start;
    const parts = Array.from({ length: count }, (_, tap) => Math.max(0, 1 - Math.abs(start + tap - centre) / reach));
    spread(parts, weights, at * count);
  }
  return { first, count, weights };
}

/** Whole numbers that sum up to exactly the whole: an even area stays as it is. */
function spread(parts: readonly number[], weights: Int32Array, at: number) {
  const sum = parts.reduce((total, part) => total + part, 0);
  let given = 0;
  for (const [tap, part] of parts.entries()) {
    weights[at + tap] = Math.round((part / sum) * WHOLE);
    given += weights[at + tap]!;
  }
  const largest = parts.indexOf(Math.max(...parts));
  weights[at + largest]! += WHOLE - given;
}

/** Where in a plane a resized picture goes. Pixels of that plane. */
export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Draws a plane of a frame, resized, into a place of a plane of another frame: rows first, then columns. */
export function resample(data: Uint8Array, from: Plane, into: Uint8Array, to: Plane, place: Place, taps: TapsOf): void {
  const { channels } = from;
  const length = place.width * channels;
  const rows = new Uint8Array(length * from.height);
  shrinkRows(data, from, rows, place.width, taps(from.width, place.width));
  const { first, count, weights } = taps(from.height, place.height);
  const sums = new Int32Array(length);
  for (let y = 0; y < place.height; y++) {
    sums.fill(WHOLE >> 1);
    for (let tap = 0; tap < count; tap++) {
      const weight = weights[y * count + tap]!;
      const row = (first[y]! + tap) * length;
      if (weight !== 0) for (let at = 0; at < length; at++) sums[at]! += rows[row + at]! * weight;
    }
    let out = to.offset + ((place.y + y) * to.width + place.x) * channels;
    for (let at = 0; at < length; at++) into[out++] = sums[at]! >> WHOLE_BITS;
  }
}

export type TapsOf = (from: number, to: number) => Taps;

function shrinkRows(data: Uint8Array, from: Plane, rows: Uint8Array, width: number, { first, count, weights }: Taps) {
  const { channels } = from;
  let out = 0;
  for (let y = 0; y < from.height; y++) {
    const row = from.offset + y * from.width * channels;
    for (let x = 0; x < width; x++) {
      const start = row + first[x]! * channels;
      for (let channel = 0; channel < channels; channel++) {
        let sum = WHOLE >> 1;
        for (let tap = 0; tap < count; tap++)
          sum += data[start + tap * channels + channel]! * weights[x * count + tap]!;
        rows[out++] = sum >> WHOLE_BITS;
      }
    }
  }
}
