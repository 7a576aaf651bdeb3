import { createRequire } from "node:module";
import * as path from "node:path";
import { isMainThread } from "node:worker_threads";
import * as ort from "onnxruntime-web";
import type { TensorData } from "../node/index.ts";
import { BINDING } from "./native_folder.ts";
import { modelPort, type RawPort, type Session, type SessionOptions } from "./session.ts";
import { tensorData, tensorOf } from "./tensor.ts";

/** What `onnxruntime_binding.node` of onnxruntime-node exports, as far as it is used. */
interface Binding {
  initOrtOnce(logLevel: number, tensor: typeof ort.Tensor, isMainThread: boolean): void;
  InferenceSession: new () => NativeModel;
}

interface NativeModel {
  readonly inputMetadata: readonly RawPort[];
  readonly outputMetadata: readonly RawPort[];
  loadModel(model: ArrayBuffer, offset: number, length: number, options: Record<string, unknown>): void;
  run(
    feeds: Record<string, ort.Tensor>,
    fetches: Record<string, null>,
    options: Record<string, unknown>,
  ): Record<string, ort.Tensor>;
}

/** Fatal ones only: it writes past the log of this process, and what matters comes as an error besides. */
const SILENT = 4;

/** Loads a model into the native library of `folder`. Throws when the library cannot be loaded, or the model. */
export function openNative(folder: string, model: Uint8Array, { threads }: SessionOptions): Session {
  const binding = loadBinding(folder);
  const session = new binding.InferenceSession();
  // A copy: it does not take shared memory.
  const bytes = new Uint8Array(model);
  session.loadModel(bytes.buffer, 0, bytes.length, { intraOpNumThreads: threads, logSeverityLevel: SILENT });
  const fetches = Object.fromEntries(session.outputMetadata.map(({ name }) => [name, null]));
  return {
    backend: "native",
    inputs: session.inputMetadata.map(modelPort),
    outputs: session.outputMetadata.map(modelPort),
    async run(feeds) {
      const tensors = Object.entries(feeds).map(([name, data]) => [name, tensorOf(data)] as const);
      const results = session.run(Object.fromEntries(tensors), fetches, { logSeverityLevel: SILENT });
      return new Map<string, TensorData>(
        Object.entries(results).map(([name, tensor]) => [name, tensorData(tensor, name)]),
      );
    },
  };
}

/** What could not be loaded is the library, not the model. */
export class NativeAbsent extends Error {}

function loadBinding(folder: string): Binding {
  try {
    const binding = createRequire(import.meta.url)(path.join(folder, BINDING)) as Binding;
    binding.initOrtOnce(SILENT, ort.Tensor, isMainThread);
    return binding;
  } catch (error) {
    throw new NativeAbsent((error as Error).message);
  }
}
