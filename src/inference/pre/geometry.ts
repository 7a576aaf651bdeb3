import type { FramePlan } from "../frame_plan.ts";

/** Where a frame lies in the input of a model. */
export interface Geometry {
  /** The part of the input that shows the frame, in pixels of the input. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** A pixel (x, y) of the input is ((x − left) · scaleX + originX, …) of the frame. */
  readonly scaleX: number;
  readonly scaleY: number;
  readonly originX: number;
  readonly originY: number;
  /** Pixels of the frame for one of the input while sampling; of a letterbox, the sides are rounded before. */
  readonly sampleX: number;
  readonly sampleY: number;
}

/** The predecessor's letterbox: one ratio for both sides, sides rounded, padding halved and rounded down. */
export function geometry(w: number, h: number, { fit, pad, width: W, height: H }: FramePlan): Geometry {
  if (fit === "letterbox") return letterbox(w, h, W, H, pad);
  const whole = { left: 0, top: 0, width: W, height: H };
  if (fit === "stretch") {
    const scale = { scaleX: w / W, scaleY: h / H, sampleX: w / W, sampleY: h / H };
    return { ...whole, ...scale, originX: 0, originY: 0 };
  }
  const scale = 1 / Math.max(W / w, H / h);
  const origin = { originX: (w - W * scale) / 2, originY: (h - H * scale) / 2 };
  return { ...whole, ...origin, scaleX: scale, scaleY: scale, sampleX: scale, sampleY: scale };
}

function letterbox(w: number, h: number, W: number, H: number, pad: FramePlan["pad"]): Geometry {
  const ratio = Math.min(W / w, H / h);
  // At least one pixel: a line of 4000 x 1 would vanish.
  const width = Math.max(1, halfToEven(w * ratio));
  const height = Math.max(1, halfToEven(h * ratio));
  return {
    left: pad === "corner" ? 0 : Math.floor((W - width) / 2),
    top: pad === "corner" ? 0 : Math.floor((H - height) / 2),
    ...{ width, height, originX: 0, originY: 0 },
    ...{ scaleX: 1 / ratio, scaleY: 1 / ratio, sampleX: w / width, sampleY: h / height },
  };
}

/** As Python rounds, which made the predecessor's sides. */
function halfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
