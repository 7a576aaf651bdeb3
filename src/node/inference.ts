import type { Frame } from "../packet/index.ts";

/** A tensor outside of a session. */
export interface TensorData {
  readonly type: "float32" | "int64" | "int32" | "uint8" | "bool" | "float64";
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array | Int32Array | Uint8Array | Float64Array;
}

/** How a frame becomes the input of a model. All of it happens in the worker. */
export interface FrameInput {
  /** `letterbox` keeps the aspect and fills with `fill`; `stretch` does not; `crop` takes the middle. */
  readonly fit: "letterbox" | "stretch" | "crop";
  /** Pixels; 0 takes the model's own, or 640 where that is free. */
  readonly width: number;
  readonly height: number;
  readonly channels: "rgb" | "bgr" | "gray";
  readonly layout: "nchw" | "nhwc";
  readonly dtype: "float32" | "uint8";
  /** value = (pixel · scale − mean[c]) / std[c], pixel 0…255. */
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** 0…255. */
  readonly fill: number;
  /** Where the padding of a letterbox goes: `center` (as the predecessor) or `corner` (all right and below, as YOLOX). */
  readonly pad: "center" | "corner";
}

/** How the outputs of a detector become boxes. All of it happens in the worker. */
export interface BoxOutput {
  readonly family: "yolov5" | "yolov8" | "yolox" | "ssd" | "rfb" | "centernet";
  /** Boxes below are dropped; per class where `class_confidence` says so. 0…1. */
  readonly confidence: number;
  readonly class_confidence: Readonly<Record<number, number>>;
  /** Overlap from which the weaker of two boxes goes, 0…1. */
  readonly iou: number;
  /** True: boxes of different classes suppress each other too. */
  readonly agnostic: boolean;
  /** Class ids to keep; empty keeps all. */
  readonly classes: readonly number[];
  readonly max_detections: number;
}

/** A box in pixels of the frame, from its top left, clipped to it. */
export interface Box {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  readonly confidence: number;
  readonly class_id: number;
}

export interface ModelOptions {
  /** Name from the catalogue (`face_tiny`), or a file of the graph's folder. */
  readonly model: string;
  readonly backend: "auto" | "wasm" | "native";
  /** Workers of one thread each that share the work; 0: as many as sessions ask for it, at most the cores. */
  readonly workers: number;
  /** Threads of each worker's session. */
  readonly threads: number;
  /** Requests of all nodes that go into one call of a model whose batch size is free. */
  readonly batch: number;
  /** Requests of one node that wait at once; one more is refused. A detector's inbox is the usual bound. */
  readonly queue: number;
}

export interface ModelPort {
  readonly name: string;
  readonly type: string;
  /** -1 where it is free. */
  readonly dims: readonly number[];
}

/**
 * One model as one node sees it. Nodes that open the same model with the same options share workers.
 *
 * Frames are read in place from shared memory; they must stay as they are until the promise settles.
 */
export interface Model {
  /** As resolved: name or file, hash, format of the weights' licence where known. */
  readonly about: { readonly name: string; readonly sha256: string; readonly bytes: number; readonly backend: string };
  readonly inputs: readonly ModelPort[];
  readonly outputs: readonly ModelPort[];
  /** Class names the model or the catalogue carries; empty when unknown. */
  readonly classes: readonly string[];
  /** What the catalogue knows of the model: input and output to use where a node's config says nothing. */
  readonly usual: { readonly input?: FrameInput; readonly output?: Omit<BoxOutput, "classes"> };
  /** Throws an Error that says what the model takes when frames made so are not that; for `open`, before any frame. */
  checkInput(input: FrameInput): void;
  /** Boxes in a frame. */
  detect(frame: Frame, input: FrameInput, output: BoxOutput): Promise<readonly Box[]>;
  /** The outputs for a frame. */
  runFrame(frame: Frame, input: FrameInput): Promise<ReadonlyMap<string, TensorData>>;
  /** The outputs for tensors by input name. */
  run(tensors: Readonly<Record<string, TensorData>>): Promise<ReadonlyMap<string, TensorData>>;
  /** Numbers for a node's metrics: `inference_requests_total`, `inference_queue`, `inference_ms_sum`, … */
  metrics(): Record<string, number>;
  /** The last one to release it ends the workers. */
  release(): Promise<void>;
}

/** Opens models. Rejects with an Error that says what is wrong with the file, or how to get the model. */
export interface Inference {
  open(options: ModelOptions): Promise<Model>;
}
