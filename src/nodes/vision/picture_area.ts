import type { Frame } from "../../packet/index.ts";
import type { Box } from "./detections.ts";

/** Whole pixels of a picture. */
export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * The pixels that a box touches, with `margin` of its width and height around it, as far as the picture goes; undefined
 * when none of it is in the picture. Starts at even pixels where colour is halved.
 */
export function areaAround({ x1, y1, x2, y2 }: Box, margin: number, frame: Frame): Area | undefined {
  const [wider, higher] = [(x2 - x1) * margin, (y2 - y1) * margin];
  const halved = frame.format === "yuv420p" || frame.format === "nv12";
  const start = (value: number) => {
    const pixel = Math.max(0, Math.floor(value));
    return halved ? pixel - (pixel % 2) : pixel;
  };
  const [x, y] = [start(x1 - wider), start(y1 - higher)];
  const width = Math.min(frame.width, Math.ceil(x2 + wider)) - x;
  const height = Math.min(frame.height, Math.ceil(y2 + higher)) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : undefined;
}
