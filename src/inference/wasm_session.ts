import * as ort from "onnxruntime-web";
import glue from "onnxruntime-web/ort-wasm-simd-threaded.mjs" with { type: "file" };
import { embeddedFile } from "../base/embedded.ts";
import type { TensorData } from "../node/index.ts";
import { modelPort, type RawPort, type Session, type SessionOptions } from "./session.ts";
import { rewriteSilu } from "./silu.ts";
import { tensorData, tensorOf } from "./tensor.ts";

// Set by the build (scripts/compile.ts); the sources run without it, and without assets.
declare const SCHNITZEL_TARGET: string;

/** Fatal ones only: it writes past the log of this process, and what matters comes as an error besides. */
const SILENT = 4;

/** Loads a model into ONNX Runtime's WebAssembly build. One model per thread: `threads` cannot be changed later. */
export async function openWasm(model: Uint8Array, { threads }: SessionOptions): Promise<Session> {
  // All of `env` before the first create(); threads need the path, as a worker of the glue imports it again.
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = { mjs: glue };
  ort.env.wasm.wasmBinary = (await wasmBinary()).buffer;
  const session = await create(model);
  // It is compiled by now. Kept, it would be 14 MB for each worker.
  delete ort.env.wasm.wasmBinary;
  return {
    backend: "wasm",
    inputs: session.inputMetadata.map((port) => modelPort(port as RawPort)),
    outputs: session.outputMetadata.map((port) => modelPort(port as RawPort)),
    async run(feeds) {
      const tensors = Object.entries(feeds).map(([name, data]) => [name, tensorOf(data)] as const);
      const results = await session.run(Object.fromEntries(tensors), { logSeverityLevel: SILENT });
      return new Map<string, TensorData>(
        session.outputNames.map((name) => [name, tensorData(results[name] as ort.Tensor, name)]),
      );
    },
  };
}

/** As it runs faster where that can be had, else as it is; what is wrong with a model is said of the model itself. */
async function create(model: Uint8Array): Promise<ort.InferenceSession> {
  const options = { executionProviders: ["wasm"], logSeverityLevel: SILENT } as const;
  try {
    const faster = rewriteSilu(model);
    if (faster !== undefined) return await ort.InferenceSession.create(faster, options);
  } catch {
    // A damaged model, or one that the runtime refuses: loading it as it is says what is wrong.
  }
  return ort.InferenceSession.create(model, options);
}

const WASM = "ort-wasm-simd-threaded.wasm";

async function wasmBinary(): Promise<Uint8Array<ArrayBuffer>> {
  const embedded = await embeddedFile(WASM);
  if (embedded !== undefined) return embedded;
  if (typeof SCHNITZEL_TARGET === "undefined") {
    return Bun.file(Bun.fileURLToPath(import.meta.resolve(`onnxruntime-web/${WASM}`))).bytes();
  }
  throw new Error("this build of schnitzel holds no ONNX Runtime: take one of the released binaries");
}
