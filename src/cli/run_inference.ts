import * as os from "node:os";
import { systemClock } from "../base/clock.ts";
import type { RunInference } from "../inference/index.ts";
import type { Files, Inference } from "../node/index.ts";
import type { Log } from "../observe/index.ts";
import type { Terminal } from "./terminal.ts";

/** The models of a run. What runs them is loaded when a node opens the first one: most graphs have none. */
export function runInference(files: Files, log: Log, terminal: Terminal): Inference & { close(): Promise<void> } {
  let loaded: Promise<RunInference> | undefined;
  return {
    async open(options) {
      loaded ??= load(files, log, terminal);
      return (await loaded).open(options);
    },
    async close() {
      await (await loaded)?.close();
    },
  };
}

async function load(files: Files, log: Log, terminal: Terminal): Promise<RunInference> {
  const { modelResolver, nativeFolder, RunInference } = await import("../inference/index.ts");
  const { modelPlaces, modelStore } = await import("./model_store.ts");
  return new RunInference({
    clock: systemClock,
    log,
    cores: os.availableParallelism(),
    native: nativeFolder(),
    resolve: modelResolver(modelPlaces(files, modelStore(undefined, terminal))),
  });
}
