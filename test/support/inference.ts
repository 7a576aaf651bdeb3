import * as path from "node:path";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { type NativeFolder, RunInference, sha256 } from "../../src/inference/index.ts";
import type { BoxOutput, FrameInput, ModelOptions, NodeLog } from "../../src/node/index.ts";
import type { Frame, FrameFormat } from "../../src/packet/index.ts";

export interface InferenceSetup {
  /** Files by the name that `open` asks for. */
  models: Readonly<Record<string, Uint8Array<ArrayBuffer>>>;
  clock?: Clock;
  cores?: number;
  native?: NativeFolder;
}

/** Real sessions in real workers. */
export function inference({ models, clock = systemClock, cores = 2, native = NO_NATIVE }: InferenceSetup) {
  const lines: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  const at =
    (level: string) =>
    (message: string, fields: Record<string, unknown> = {}) =>
      void lines.push({ level, message, fields });
  const log: NodeLog = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  const run = new RunInference({
    ...{ clock, log, cores, native },
    async resolve(name) {
      const bytes = models[name];
      if (bytes === undefined) throw new Error(`cannot find model ${name}`);
      return { name, bytes, sha256: await sha256(bytes) };
    },
  });
  const open = (model: string, options: Partial<ModelOptions> = {}) => run.open({ ...OPTIONS, model, ...options });
  return { run, open, lines, [Symbol.asyncDispose]: () => run.close() };
}

export const NO_NATIVE: NativeFolder = { folder: "/nowhere", from: "the test", found: false };
const OPTIONS = { backend: "wasm", workers: 0, threads: 1, batch: 1, queue: 64 } as const;

export const RGB_INPUT: FrameInput = {
  ...{ fit: "letterbox", width: 0, height: 0, channels: "rgb", layout: "nchw", dtype: "float32" },
  ...{ scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1], fill: 114, pad: "center" },
};

export const YOLOV8: BoxOutput = {
  ...{ family: "yolov8", confidence: 0.25, class_confidence: {}, iou: 0.45 },
  ...{ agnostic: false, classes: [], max_detections: 100 },
};

/** A raw frame in shared memory, as sources make them. */
export function frameOfBytes(width: number, height: number, format: FrameFormat, bytes: Uint8Array): Frame {
  const data = new Uint8Array(new SharedArrayBuffer(bytes.length));
  data.set(bytes);
  const stride = format === "jpeg" ? 0 : format === "rgb24" || format === "bgr24" ? width * 3 : width;
  return { width, height, format, stride, data, frame_idx: 0 };
}

/** A picture of one colour with squares of others. */
export function squares(
  width: number,
  height: number,
  boxes: readonly (readonly [x: number, y: number, side: number, rgb: readonly [number, number, number]])[],
): Frame {
  const data = new Uint8Array(width * height * 3);
  for (const [left, top, side, rgb] of boxes) {
    for (let y = top; y < top + side; y++) {
      for (let x = left; x < left + side; x++) data.set(rgb, (y * width + x) * 3);
    }
  }
  return frameOfBytes(width, height, "rgb24", data);
}

/** The photos of people that a development package brings. */
export const photo = (name: string) =>
  Bun.file(path.resolve(import.meta.dir, `../../node_modules/@vladmandic/face-api/demo/${name}.jpg`)).bytes();

/** Weights that no package brings; see the part `test_models`. */
export const testModel = (file: string) => Bun.file(path.join(process.env.SCHNITZEL_TEST_MODELS!, file)).bytes();
