import * as ort from "onnxruntime-web";

/** Runs a model with one float input in this thread; gives its outputs by name. */
export async function onnxSession(model: Uint8Array) {
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"], logSeverityLevel: 3 });
  return async (data: Float32Array, dims: readonly number[]) => {
    const results = await session.run({ [session.inputNames[0]!]: new ort.Tensor("float32", data, [...dims]) });
    return Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => [
        name,
        { dims: [...tensor.dims], data: tensor.data as Float32Array },
      ]),
    );
  };
}
