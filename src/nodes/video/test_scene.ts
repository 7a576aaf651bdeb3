import { type FrameFormat, frameBytes } from "../../packet/index.ts";

/** Formats in which the scene is drawn; the others would need their colours halved in size. */
export const SCENE_FORMATS = ["bgr24", "rgb24", "gray", "gbrp"] as const satisfies readonly FrameFormat[];
export type SceneFormat = (typeof SCENE_FORMATS)[number];

export interface SceneOptions {
  width: number;
  height: number;
  boxes: number;
  format: SceneFormat;
}

/** A box as it is drawn: left and top pixel are inside, right and bottom are the first outside. */
export interface SceneBox {
  /** The same in all frames. */
  id: number;
  /** Index of its colour: 0 red, 1 blue, 2 green, 3 yellow, 4 magenta, 5 cyan. */
  class_id: number;
  bbox: { x1: number; y1: number; x2: number; y2: number };
}

const COLOURS = [
  [255, 0, 0],
  [0, 0, 255],
  [0, 255, 0],
  [255, 255, 0],
  [255, 0, 255],
  [0, 255, 255],
] as const;

const BACKGROUND = 64;

/**
 * Where the boxes are in a frame. Each goes straight ahead at its own whole speed and turns at the edges, so any
 * frame is known without those before it.
 */
export function sceneAt(frameIdx: number, { width, height, boxes }: SceneOptions): SceneBox[] {
  return Array.from({ length: boxes }, (_, id) => {
    const w = Math.max(1, Math.floor(width / 8));
    const h = Math.max(1, Math.floor(height / 4));
    // 1, 2 or 3 pixels a frame, and lanes that meet: crossing boxes are what trackers are tested for.
    const x = bounce(id * 37 + frameIdx * (1 + (id % 3)), width - w);
    const y = bounce(id * 53 + frameIdx * (id % 2), height - h);
    return { id, class_id: id % COLOURS.length, bbox: { x1: x, y1: y, x2: x + w, y2: y + h } };
  });
}

/** A place that goes from 0 to `most` and back. */
function bounce(way: number, most: number): number {
  if (most <= 0) return 0;
  const at = way % (2 * most);
  return at <= most ? at : 2 * most - at;
}

/** Draws the boxes over a grey ground; a later box covers an earlier one. */
export function drawScene(data: Uint8Array, boxes: readonly SceneBox[], { width, height, format }: SceneOptions): void {
  data.fill(BACKGROUND, 0, frameBytes(format, width, height));
  for (const { class_id, bbox } of boxes) {
    const [r, g, b] = COLOURS[class_id]!;
    if (format === "bgr24") fillPacked(data, width, bbox, [b, g, r]);
    else if (format === "rgb24") fillPacked(data, width, bbox, [r, g, b]);
    else
      for (const [at, value] of planes(format, r, g, b).entries())
        fillPlane(data, at * width * height, width, bbox, value);
  }
}

const planes = (format: "gray" | "gbrp", r: number, g: number, b: number) =>
  // Weights of BT.601, as every grey picture of a camera.
  format === "gbrp" ? [g, b, r] : [Math.round(0.299 * r + 0.587 * g + 0.114 * b)];

function fillPacked(data: Uint8Array, width: number, { x1, y1, x2, y2 }: SceneBox["bbox"], colour: readonly number[]) {
  const from = (y1 * width + x1) * 3;
  const bytes = (x2 - x1) * 3;
  for (let at = 0; at < bytes; at++) data[from + at] = colour[at % 3]!;
  for (let y = y1 + 1; y < y2; y++) data.copyWithin((y * width + x1) * 3, from, from + bytes);
}

function fillPlane(
  data: Uint8Array,
  start: number,
  width: number,
  { x1, y1, x2, y2 }: SceneBox["bbox"],
  value: number,
) {
  for (let y = y1; y < y2; y++) data.fill(value, start + y * width + x1, start + y * width + x2);
}
