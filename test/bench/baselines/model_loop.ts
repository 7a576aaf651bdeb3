/** Runs a model on zeros with bare onnxruntime-web: `bun model_loop.ts FILE RUNS THREADS`; prints milliseconds per run. */
import * as ort from "onnxruntime-web";

const [file, runs, threads] = process.argv.slice(2) as [string, string, string];
/** Until everything is compiled. */
const WARM_UP = 10;

ort.env.wasm.numThreads = Number(threads);
const session = await ort.InferenceSession.create(await Bun.file(file).bytes(), { executionProviders: ["wasm"] });
const [port] = session.inputMetadata;
if (port?.isTensor !== true) throw new Error("the model takes no tensor");
const dims = port.shape.map(Number);
const feeds = {
  [port.name]: new ort.Tensor("float32", new Float32Array(dims.reduce((all, size) => all * size, 1)), dims),
};
for (let i = 0; i < WARM_UP; i++) await session.run(feeds);
const startMs = performance.now();
for (let i = 0; i < Number(runs); i++) await session.run(feeds);
console.log((performance.now() - startMs) / Number(runs));
process.exit(0);
