import type { Box, BoxOutput, ModelPort, TensorData } from "../node/index.ts";
import type { Frame } from "../packet/index.ts";
import type { FramePlan } from "./frame_plan.ts";

/** What goes into a model: a picture, made into a tensor in the worker, or tensors as they are. */
export type Item =
  | { readonly frame: Frame; readonly plan: FramePlan; readonly boxes?: BoxOutput }
  | { readonly tensors: Readonly<Record<string, TensorData>> };

/** What comes out for one item. */
export type Outcome =
  | { readonly boxes: readonly Box[] }
  | { readonly tensors: ReadonlyMap<string, TensorData> }
  | { readonly error: string };

export interface LoadCall {
  readonly what: "load";
  readonly call: number;
  readonly model: Uint8Array;
  readonly threads: number;
  /** Folder of the native library; undefined when it is not to be used. */
  readonly native: string | undefined;
  /** True: without the native library there is nothing, not even WebAssembly. */
  readonly nativeOnly: boolean;
}

export interface RunCall {
  readonly what: "run";
  readonly call: number;
  readonly items: readonly Item[];
}

/** The thread ends itself: a thread that is terminated inside the native library takes the process with it. */
export interface EndCall {
  readonly what: "end";
  readonly call: 0;
}

export interface Loaded {
  readonly backend: "wasm" | "native";
  readonly inputs: readonly ModelPort[];
  readonly outputs: readonly ModelPort[];
  /** Why the native library was not taken although it is there. */
  readonly note?: string;
}

export type Reply =
  | { readonly call: number; readonly loaded: Loaded }
  | { readonly call: number; readonly outcomes: readonly Outcome[] }
  /** The model could not be loaded, or its session can do nothing more. */
  | { readonly call: number; readonly error: string };
