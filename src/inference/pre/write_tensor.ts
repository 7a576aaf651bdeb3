import type { FramePlan } from "../frame_plan.ts";
import type { Geometry } from "./geometry.ts";
import type { Plane } from "./planes.ts";

export type TensorValues = Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

export function emptyTensor({ dtype, width, height, channels }: FramePlan): TensorValues {
  const length = width * height * (channels === "gray" ? 1 : 3);
  return dtype === "float32" ? new Float32Array(length) : new Uint8Array(length);
}

/** The value for each of the 256 pixels of channel `c`, counted as the model counts them. */
export function table({ scale, mean, std, dtype }: FramePlan, c: number): TensorValues {
  const value = (pixel: number) => (pixel * scale - (mean[c] ?? 0)) / (std[c] ?? 1);
  const values = Array.from({ length: 256 }, (_, pixel) => value(pixel));
  if (dtype === "float32") return new Float32Array(values);
  return new Uint8Array(values.map((each) => Math.min(255, Math.max(0, Math.round(each)))));
}

/** Writes `planes` (in the order of the model's channels) through `tables`, and what they leave free as fill. */
export function writeTensor(
  planes: readonly Plane[],
  tables: readonly TensorValues[],
  { left, top, width, height }: Geometry,
  plan: FramePlan,
  into: TensorValues,
) {
  const { width: W, height: H, layout } = plan;
  const step = layout === "nchw" ? 1 : planes.length;
  if (width < W || height < H) blank(into, tables.slice(0, planes.length), plan);
  for (let c = 0; c < planes.length; c++) {
    const start = layout === "nchw" ? c * W * H : c;
    copyPlane(planes[c]!, tables[c]!, into, start + (top * W + left) * step, step, W * step);
  }
}

/** Fills every channel with the plan's fill, whose value stands at `fill + from` of the channel's table. */
export function blank(into: TensorValues, tables: readonly TensorValues[], plan: FramePlan, from = 0) {
  const { width, height, layout, fill } = plan;
  for (const [c, table] of tables.entries()) {
    const value = table[fill + from]!;
    if (layout === "nchw") into.fill(value, c * width * height, (c + 1) * width * height);
    else for (let at = c; at < into.length; at += tables.length) into[at] = value;
  }
}

function copyPlane(plane: Plane, values: TensorValues, into: TensorValues, start: number, by: number, row: number) {
  const { data, offset, stride, step, width, height } = plane;
  for (let y = 0; y < height; y++) {
    let from = offset + y * stride;
    let to = start + y * row;
    for (let x = 0; x < width; x++) {
      into[to] = values[data[from]!]!;
      from += step;
      to += by;
    }
  }
}
