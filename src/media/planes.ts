import type { FrameFormat } from "../packet/index.ts";

/** Samples that lie together in a frame: a colour, or several of each pixel side by side. */
export interface Plane {
  /** Of the first sample. */
  readonly offset: number;
  /** Pixels of the plane, which has half as many where colour is halved. */
  readonly width: number;
  readonly height: number;
  /** Samples of a pixel, side by side. */
  readonly channels: number;
  /** 2 where colour is halved in both directions. */
  readonly step: 1 | 2;
  /** Grey 114, which borders are filled with, in the samples of this plane. */
  readonly grey: number;
}

/** The planes of a raw format without gaps between rows. */
export function planesOf(format: Exclude<FrameFormat, "jpeg">, width: number, height: number): Plane[] {
  const whole = { width, height, channels: 1, step: 1, grey: GREY } as const;
  const size = width * height;
  switch (format) {
    case "bgr24":
    case "rgb24":
      return [{ ...whole, offset: 0, channels: 3 }];
    case "gray":
      return [{ ...whole, offset: 0 }];
    case "gbrp":
      return [0, 1, 2].map((at) => ({ ...whole, offset: at * size }));
  }
  const [half, high] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  const colour = { width: half, height: high, channels: 1, step: 2, grey: 128 } as const;
  const light = { ...whole, offset: 0, grey: LIGHT };
  if (format === "nv12") return [light, { ...colour, offset: size, channels: 2 }];
  return [light, { ...colour, offset: size }, { ...colour, offset: size + half * high }];
}

const GREY = 114;
/** The same in studio range, 16…235. */
const LIGHT = Math.round(16 + (GREY * 219) / 255);
