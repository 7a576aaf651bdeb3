import type { Box, BoxOutput, TensorData } from "../../node/index.ts";
import type { Geometry } from "../pre/geometry.ts";
import type { Candidates } from "./candidates.ts";
import { centernet } from "./centernet.ts";
import { suppress } from "./nms.ts";
import { type ModelSize, type Output, outputsOf } from "./output.ts";
import { rfb } from "./rfb.ts";
import { ssd } from "./ssd.ts";
import { yolov5 } from "./yolov5.ts";
import { yolov8 } from "./yolov8.ts";
import { yolox } from "./yolox.ts";

type Decode = (outputs: readonly Output[], output: BoxOutput, size: ModelSize) => Candidates;

const FAMILIES: Readonly<Record<BoxOutput["family"], Decode>> = { yolov5, yolov8, yolox, ssd, rfb, centernet };

/** The boxes in a frame of `width` x `height`, the surest first, from what a model says of its input. */
export function boxesOf(
  tensors: ReadonlyMap<string, TensorData>,
  output: BoxOutput,
  size: ModelSize,
  geometry: Geometry,
  frame: ModelSize,
): Box[] {
  const found = FAMILIES[output.family](outputsOf(tensors), output, size);
  const kept = suppress(found, output);
  return kept.map((i) => inFrame(found, i, geometry, frame)).filter(({ x1, y1, x2, y2 }) => x2 > x1 && y2 > y1);
}

function inFrame(found: Candidates, i: number, geometry: Geometry, { width, height }: ModelSize): Box {
  const { left, top, scaleX, scaleY, originX, originY } = geometry;
  const across = (x: number) => Math.min(width, Math.max(0, (x - left) * scaleX + originX));
  const down = (y: number) => Math.min(height, Math.max(0, (y - top) * scaleY + originY));
  return {
    ...{ x1: across(found.x1[i]!), y1: down(found.y1[i]!), x2: across(found.x2[i]!), y2: down(found.y2[i]!) },
    ...{ confidence: found.score[i]!, class_id: found.classId[i]! },
  };
}
