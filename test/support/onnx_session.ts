import { systemClock } from "../../src/base/clock.ts";
import { RunInference, sha256 } from "../../src/inference/index.ts";
import type { NodeLog } from "../../src/node/index.ts";

const QUIET: NodeLog = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * Opens models by the bytes that `find` gives for a name, as graphs do: in a worker. (The library itself would
 * put another `Worker` into the global scope of the tests.)
 */
export const testInference = (find: (name: string) => Promise<Uint8Array<ArrayBuffer>>) =>
  new RunInference({
    clock: systemClock,
    log: QUIET,
    cores: 1,
    native: { folder: "/nonexistent", from: "test", found: false },
    resolve: async (name) => {
      const bytes = await find(name);
      return { name, bytes, sha256: await sha256(bytes) };
    },
  });

export const ONE_WORKER = { backend: "wasm", workers: 1, threads: 1, batch: 1, queue: 8 } as const;

/** Opens a model with one float input; `run` gives its outputs by name. */
export async function onnxSession(bytes: Uint8Array<ArrayBuffer>) {
  const inference = testInference(async () => bytes);
  const model = await inference.open({ ...ONE_WORKER, model: "test" });
  return {
    async run(data: Float32Array, dims: readonly number[]) {
      const outputs = await model.run({ [model.inputs[0]!.name]: { type: "float32", dims, data } });
      return Object.fromEntries(
        Array.from(outputs, ([name, tensor]) => [name, { dims: [...tensor.dims], data: tensor.data as Float32Array }]),
      );
    },
    [Symbol.asyncDispose]: () => inference.close(),
  };
}
