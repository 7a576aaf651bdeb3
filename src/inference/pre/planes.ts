import type { Frame } from "../../packet/index.ts";

/** One colour of a picture in memory: value (x, y) is at `offset + y · stride + x · step`. */
export interface Plane {
  readonly data: Uint8Array;
  readonly offset: number;
  readonly stride: number;
  readonly step: number;
  readonly width: number;
  readonly height: number;
}

export interface Planes {
  /** `rgb`: red, green, blue. `yuv`: luma and the two chroma planes of half the size. `gray`: luma of full range. */
  readonly space: "rgb" | "yuv" | "gray";
  readonly planes: readonly Plane[];
}

/** The colours of a frame in place; a `jpeg` has to be decoded first. */
export function planesOf({ format, width, height, stride, data }: Omit<Frame, "frame_idx">): Planes {
  const plane = (offset: number, step = 1, row = stride): Plane => ({ data, offset, stride: row, step, width, height });
  if (format === "gray") return { space: "gray", planes: [plane(0)] };
  if (format === "rgb24") return { space: "rgb", planes: [plane(0, 3), plane(1, 3), plane(2, 3)] };
  if (format === "bgr24") return { space: "rgb", planes: [plane(2, 3), plane(1, 3), plane(0, 3)] };
  const size = stride * height;
  if (format === "gbrp") return { space: "rgb", planes: [plane(2 * size), plane(0), plane(size)] };
  if (format === "jpeg") throw new Error("a jpeg has no planes before it is decoded");
  const half = { width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
  const chroma = (offset: number, step: number, row: number): Plane => ({ ...plane(offset, step, row), ...half });
  // The chroma rows of a padded picture are half as long as its luma rows.
  const row = Math.ceil(stride / 2);
  const [u, v] =
    format === "nv12"
      ? [chroma(size, 2, 2 * row), chroma(size + 1, 2, 2 * row)]
      : [chroma(size, 1, row), chroma(size + row * half.height, 1, row)];
  return { space: "yuv", planes: [plane(0), u, v] };
}
