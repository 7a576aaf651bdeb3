import type { FramePlan } from "../frame_plan.ts";
import type { Geometry } from "./geometry.ts";
import type { Plane } from "./planes.ts";
import { blank, type TensorValues } from "./write_tensor.ts";

/** Fractions of a value while colours are added up: with 16 bits no sum is more than a thousandth off. */
const ONE = 1 << 16;
/** What the sums can reach below 0 (-277) and above 255 (+535) has a place in a table of values. */
const BELOW = 320;
const VALUES = 1_024;

/** BT.601 of limited range, as in colour.ts, for every value of a plane; pixels.wat has the same numbers. */
const share = (factor: number, from: number, bias = 0) =>
  Int32Array.from({ length: 256 }, (_, value) => (value - from) * Math.round(factor * ONE) + bias * ONE);
const LUMA = share(1.164383, 16, BELOW + 0.5);
const RED_V = share(1.596027, 128);
const GREEN_U = share(-0.391762, 128);
const GREEN_V = share(-0.812968, 128);
const BLUE_U = share(2.017232, 128);

/** Values of a tensor by {@link BELOW} + colour, what is beyond 0 … 255 being cut off. */
export type WideTable = TensorValues;

export function wideTable(table: TensorValues): WideTable {
  const value = (_: unknown, at: number) => table[Math.min(255, Math.max(0, at - BELOW))]!;
  return table instanceof Float32Array
    ? Float32Array.from({ length: VALUES }, value)
    : Uint8Array.from({ length: VALUES }, value);
}

/**
 * Writes luma and chroma planes of the model's own size into a tensor in one pass, each chroma value for its square of
 * four pixels, as ffmpeg's scaler does it. `tables` are those of red, green and blue.
 */
export function writeYuvTensor(
  planes: readonly Plane[],
  tables: readonly WideTable[],
  geometry: Geometry,
  plan: FramePlan,
  into: TensorValues,
) {
  const { width: W, height: H, layout, channels } = plan;
  const { left, top, width, height } = geometry;
  if (width < W || height < H) blank(into, channels === "bgr" ? [...tables].reverse() : tables, plan, BELOW);
  const by = layout === "nchw" ? 1 : 3;
  const depth = layout === "nchw" ? W * H : 1;
  const start = (top * W + left) * by;
  const red = channels === "bgr" ? 2 * depth : 0;
  const outs = [red, depth, 2 * depth - red].map((at) => into.subarray(start + at));
  write(planes as Yuv, tables as Three<WideTable>, outs as Three<TensorValues>, by, W * by);
}

type Three<Item> = [Item, Item, Item];
type Yuv = Three<Plane>;

/** Everything is a local and two pixels are written out: as functions of a row or a pixel it takes five times as long. */
function write([luma, u, v]: Yuv, tables: Three<WideTable>, outs: Three<TensorValues>, by: number, row: number) {
  const [reds, greens, blues] = tables;
  const [red, green, blue] = outs;
  const { data: ys, stride, width, height, offset } = luma;
  const { data: us, offset: offsetU, stride: strideC, step } = u;
  const { data: vs, offset: offsetV } = v;
  for (let y = 0; y < height; y++) {
    let from = offset + y * stride;
    let atU = offsetU + (y >> 1) * strideC;
    let atV = offsetV + (y >> 1) * strideC;
    let to = y * row;
    for (let left = width; left > 0; left -= 2) {
      const cb = us[atU]!;
      const cr = vs[atV]!;
      const r = RED_V[cr]!;
      const g = GREEN_U[cb]! + GREEN_V[cr]!;
      const b = BLUE_U[cb]!;
      const one = LUMA[ys[from]!]!;
      red[to] = reds[(one + r) >> 16]!;
      green[to] = greens[(one + g) >> 16]!;
      blue[to] = blues[(one + b) >> 16]!;
      to += by;
      if (left > 1) {
        const other = LUMA[ys[from + 1]!]!;
        red[to] = reds[(other + r) >> 16]!;
        green[to] = greens[(other + g) >> 16]!;
        blue[to] = blues[(other + b) >> 16]!;
        to += by;
      }
      from += 2;
      atU += step;
      atV += step;
    }
  }
}
