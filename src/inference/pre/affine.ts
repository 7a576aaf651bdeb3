import type { FramePlan } from "../frame_plan.ts";
import type { TensorValues } from "./write_tensor.ts";

/** A pixel p becomes (p · a + b) + (p · c + d), each step rounded to a 32-bit float. */
export type Affine = readonly [a: number, b: number, c: number, d: number];

/** Bits of a 32-bit float, of which two are left for sums. */
const BITS = 22;

/**
 * The values of `table` as a sum that vectors can do, exactly: a and b have so few bits that p · a + b is not rounded,
 * and c and d are the rest. Undefined where one of the 256 values would be another one.
 */
export function affineOf({ scale, mean, std }: FramePlan, channel: number, table: TensorValues): Affine | undefined {
  const deviation = std[channel] ?? 1;
  const slope = scale / deviation;
  const start = -(mean[channel] ?? 0) / deviation;
  const largest = Math.max(Math.abs(start), Math.abs(slope) * 255);
  const unit = 2 ** (Math.ceil(Math.log2(largest)) - BITS);
  const coarse = (value: number) => Math.round(value / unit) * unit;
  const [a, b] = [coarse(slope), coarse(start) + 0];
  const affine: Affine = [a, b, Math.fround(slope - a), Math.fround(start - b)];
  return table.every((value, pixel) => Object.is(afterRounding(affine, pixel), value)) ? affine : undefined;
}

const { fround } = Math;

const afterRounding = ([a, b, c, d]: Affine, pixel: number) =>
  fround(fround(fround(pixel * a) + b) + fround(fround(pixel * c) + d));
