import { type Frame, type FrameFormat, frameBytes, frameStride, type StreamPacket } from "../../../src/packet/index.ts";
import { packet } from "../../support/node.ts";
import { timeAt } from "./scene.ts";

type Raw = Exclude<FrameFormat, "jpeg">;

export const RAW_FORMATS: readonly Raw[] = ["bgr24", "rgb24", "gray", "gbrp", "yuv420p", "nv12"];

/** How bright a pixel is, 0 to 255; grey, so that every format can have it in the same way. */
export type Paint = (x: number, y: number) => number;

/** A grey picture of any format; colour planes are 128. */
export function paint(format: Raw, width: number, height: number, light: Paint): Frame {
  const data = new Uint8Array(frameBytes(format, width, height)).fill(128);
  const channels = format === "bgr24" || format === "rgb24" ? 3 : 1;
  for (let copy = 0; copy < (format === "gbrp" ? 3 : 1); copy++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = copy * width * height + (y * width + x) * channels;
        data.fill(light(x, y), at, at + channels);
      }
    }
  }
  return { width, height, format, stride: frameStride(format, width), data, frame_idx: 0 };
}

/** How bright a pixel of such a picture is. */
export function lightAt({ format, width, data }: Frame, x: number, y: number): number {
  return data[(y * width + x) * (format === "bgr24" || format === "rgb24" ? 3 : 1)]!;
}

/** A frame packet of a second, with whatever else its payload has. */
export const framePacket = (second: number, frame: Frame, more: object = {}, source_id = "cam01"): StreamPacket =>
  packet({
    kind: "frame",
    source_id,
    ts: timeAt(second),
    payload: { ...frame, frame_idx: Math.round(second * 10), ...more },
    meta: { idempotency_key: `frame:${source_id}:${Math.round(second * 10)}` },
  });

/** A box and nothing else that a test would look at. */
export const boxed = (x1: number, y1: number, x2: number, y2: number, more: object = {}) => ({
  bbox: { x1, y1, x2, y2 },
  confidence: 0.9,
  class_name: "face",
  ...more,
});
