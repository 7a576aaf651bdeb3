import type { Plane } from "./planes.ts";

/** Where each of a row's (or column's) new pixels comes from: between two old ones, `weight` of 2048 of the second. */
export interface Axis {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly weight: Int32Array;
}

/** Bits of a weight, as OpenCV's bilinear scaling has them, so that results are the same numbers. */
const BITS = 11;
const ONE = 1 << BITS;

/**
 * `length` new pixels over `size` old ones; pixel i is centred at (i + ½) · scale + origin.
 * Beyond the first and last old pixel their values go on.
 */
export function axis(length: number, size: number, scale: number, origin: number): Axis {
  const first = new Int32Array(length);
  const second = new Int32Array(length);
  const weight = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    const at = Math.min(Math.max((i + 0.5) * scale + origin - 0.5, 0), size - 1);
    first[i] = Math.floor(at);
    second[i] = Math.min(first[i]! + 1, size - 1);
    weight[i] = Math.round((at - first[i]!) * ONE);
  }
  return { first, second, weight };
}

/** Scales one plane bilinearly into `into`, row after row without gaps. */
export function resample({ data, offset, stride, step }: Plane, across: Axis, down: Axis, into: Uint8Array) {
  const { first, second, weight } = across;
  for (let y = 0, to = 0; y < down.first.length; y++) {
    const upper = offset + down.first[y]! * stride;
    const lower = offset + down.second[y]! * stride;
    const v = down.weight[y]!;
    for (let x = 0; x < first.length; x++, to++) {
      const a = Math.imul(first[x]!, step);
      const b = Math.imul(second[x]!, step);
      const w = weight[x]!;
      const up = mix(data[upper + a]!, data[upper + b]!, w);
      into[to] = blend(up, mix(data[lower + a]!, data[lower + b]!, w), v);
    }
  }
}

/**
 * The same for three planes that lie interleaved in one array, in one pass: the walk over the columns, which is half
 * of the work, is done once.
 */
export function resampleInterleaved(planes: readonly Plane[], across: Axis, down: Axis, into: readonly Uint8Array[]) {
  const [{ data, stride, step, offset: p0 }, { offset: p1 }, { offset: p2 }] = planes as [Plane, Plane, Plane];
  const [into0, into1, into2] = into as [Uint8Array, Uint8Array, Uint8Array];
  const { first, second, weight } = across;
  for (let y = 0, to = 0; y < down.first.length; y++) {
    const upper = Math.imul(down.first[y]!, stride);
    const lower = Math.imul(down.second[y]!, stride);
    const v = down.weight[y]!;
    for (let x = 0; x < first.length; x++, to++) {
      const a = Math.imul(first[x]!, step);
      const b = Math.imul(second[x]!, step);
      const w = weight[x]!;
      const ua = upper + a;
      const ub = upper + b;
      const la = lower + a;
      const lb = lower + b;
      into0[to] = blend(mix(data[ua + p0]!, data[ub + p0]!, w), mix(data[la + p0]!, data[lb + p0]!, w), v);
      into1[to] = blend(mix(data[ua + p1]!, data[ub + p1]!, w), mix(data[la + p1]!, data[lb + p1]!, w), v);
      into2[to] = blend(mix(data[ua + p2]!, data[ub + p2]!, w), mix(data[la + p2]!, data[lb + p2]!, w), v);
    }
  }
}

/** Between two pixels of a row; 2048 times the value. */
const mix = (one: number, other: number, weight: number) => Math.imul(one, ONE - weight) + Math.imul(other, weight);

/** Between two rows of such values, rounded as OpenCV's vector code rounds. */
const blend = (upper: number, lower: number, weight: number) =>
  ((Math.imul(ONE - weight, upper >> 4) >> 16) + (Math.imul(weight, lower >> 4) >> 16) + 2) >> 2;
