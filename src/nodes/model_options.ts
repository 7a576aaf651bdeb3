import * as v from "valibot";
import type { ModelOptions } from "../node/index.ts";

const count = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

/** What every node with a model can be told about running it. */
export const modelConfig = {
  model: v.pipe(
    v.string(),
    v.minLength(1),
    v.description("A name that `schnitzel models ls` knows, or an .onnx file relative to the graph's folder."),
  ),
  backend: v.pipe(
    v.optional(v.picklist(["auto", "wasm", "native"]), "auto"),
    v.description("`auto`: the native library when it lies beside the binary, else WASM."),
  ),
  workers: v.pipe(
    v.optional(count(0, 64), 0),
    v.description("Sessions side by side, one thread each; 0: one per node that uses the model, at most the cores."),
  ),
  threads: v.pipe(v.optional(count(1, 64), 1), v.description("Threads of each session; more workers are faster.")),
  batch: v.pipe(
    v.optional(count(1, 64), 1),
    v.description("Frames, of all nodes with this model, in one call; for models whose batch size is free."),
  ),
  queue: v.pipe(v.optional(count(1, 4_096), 64), v.description("Requests that wait in front of the model at most.")),
};

/** Which model, and how; of a config with {@link modelConfig} in it. */
export function modelOptions({ model, backend, workers, threads, batch, queue }: ModelOptions): ModelOptions {
  return { model, backend, workers, threads, batch, queue };
}
