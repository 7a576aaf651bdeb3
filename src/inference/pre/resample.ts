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

/** Scales one plane bilinearly into `into`, row after row without gaps; pixels beyond 8 bits do not arise. */
export function resample(plane: Plane, across: Axis, down: Axis, into: Uint8Array) {
  const width = across.first.length;
  let upper = new Int32Array(width);
  let lower = new Int32Array(width);
  let upperRow = -1;
  let lowerRow = -1;
  for (let y = 0, at = 0; y < down.first.length; y++) {
    const a = down.first[y]!;
    const b = down.second[y]!;
    // Scaling up, the same two rows serve several times; scaling down, the lower one often is the next upper one.
    if (a !== upperRow && a === lowerRow) [upper, lower, upperRow, lowerRow] = [lower, upper, lowerRow, upperRow];
    if (a !== upperRow) row(plane, a, across, upper);
    upperRow = a;
    if (b !== lowerRow) row(plane, b, across, lower);
    lowerRow = b;
    const weight = down.weight[y]!;
    at = blend(upper, lower, weight, into, at);
  }
}

function row({ data, offset, stride, step }: Plane, y: number, { first, second, weight }: Axis, into: Int32Array) {
  const start = offset + y * stride;
  for (let x = 0; x < into.length; x++) {
    const w = weight[x]!;
    into[x] = data[start + first[x]! * step]! * (ONE - w) + data[start + second[x]! * step]! * w;
  }
}

function blend(upper: Int32Array, lower: Int32Array, weight: number, into: Uint8Array, start: number): number {
  const rest = ONE - weight;
  let at = start;
  for (let x = 0; x < upper.length; x++) {
    into[at++] = (((rest * (upper[x]! >> 4)) >> 16) + ((weight * (lower[x]! >> 4)) >> 16) + 2) >> 2;
  }
  return at;
}
