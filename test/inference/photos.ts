import type { BoxOutput, FrameInput } from "../../src/node/index.ts";
import { RGB_INPUT, YOLOV8 } from "../support/inference.ts";

export const YOLOX_INPUT: FrameInput = { ...RGB_INPUT, channels: "bgr", scale: 1, pad: "corner" };
export const YOLOX: BoxOutput = { ...YOLOV8, family: "yolox", confidence: 0.3 };
export const RFB_INPUT: FrameInput = {
  ...{ ...RGB_INPUT, fit: "stretch", scale: 1 },
  ...{ mean: [127, 127, 127], std: [128, 128, 128] },
};
export const RFB: BoxOutput = { ...YOLOV8, family: "rfb", confidence: 0.7, iou: 0.3 };
