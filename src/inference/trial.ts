import { type Clock, systemClock } from "../base/clock.ts";
import { ModelThread } from "./model_thread.ts";
import type { NativeFolder } from "./native_folder.ts";
import type { Loaded } from "./worker_messages.ts";

/** y = x, as ONNX; test/inference/trial.test.ts makes it again. */
export const TRIAL =
  "CAcSCXNjaG5pdHplbDo+ChMKAXgSAXkaAXkiCElkZW50aXR5EgV0cmlhbFoPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCBAoAEA0=";

/** A minute: a small machine under load takes seconds. */
const DEADLINES = { loadMs: 60_000, requestMs: 60_000 };

export interface Trial extends Pick<Loaded, "backend" | "note"> {
  readonly tookMs: number;
}

/** Runs the smallest model as any other is run; for `doctor`. Rejects when that is not possible here. */
export async function tryInference(native: NativeFolder, clock: Clock = systemClock): Promise<Trial> {
  const startedMs = clock.monotonicMs();
  const thread = new ModelThread(clock, DEADLINES);
  try {
    const folder = native.found ? native.folder : undefined;
    const model = Uint8Array.from(Buffer.from(TRIAL, "base64"));
    const { backend, note } = await thread.load({ model, threads: 1, native: folder, nativeOnly: false });
    const [outcome] = await thread.run([{ tensors: { x: { type: "float32", dims: [1], data: Float32Array.of(42) } } }]);
    if (outcome === undefined || !("tensors" in outcome)) throw new Error("the smallest model gave no result");
    const y = outcome.tensors.get("y")?.data[0];
    if (y !== 42) throw new Error(`the smallest model gave ${y} in place of 42`);
    return { backend, tookMs: clock.monotonicMs() - startedMs, ...(note === undefined ? {} : { note }) };
  } finally {
    thread.end("the trial is over");
  }
}
