import * as os from "node:os";
import { systemClock } from "../base/clock.ts";
import type { RunInference } from "../inference/index.ts";
import type { Files, Inference } from "../node/index.ts";
import type { Log } from "../observe/index.ts";

/** The models of a run. What runs them is loaded when a node opens the first one: most graphs have none. */
export function runInference(files: Files, log: Log): Inference & { close(): Promise<void> } {
  let loaded: Promise<RunInference> | undefined;
  return {
    async open(options) {
      loaded ??= load(files, log);
      return (await loaded).open(options);
    },
    async close() {
      await (await loaded)?.close();
    },
  };
}

async function load(files: Files, log: Log): Promise<RunInference> {
  const { modelFile, nativeFolder, RunInference } = await import("../inference/index.ts");
  return new RunInference({
    clock: systemClock,
    log,
    cores: os.availableParallelism(),
    native: nativeFolder(),
    resolve: (model) => modelFile(model, files),
  });
}
