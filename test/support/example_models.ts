import { systemClock } from "../../src/base/clock.ts";
import { embeddedFile } from "../../src/base/embedded.ts";
import { ModelStore, modelResolver, RunInference } from "../../src/inference/index.ts";
import type { Files, Inference, Model } from "../../src/node/index.ts";
import { temporaryFolder } from "./folder.ts";
import { NO_NATIVE } from "./inference.ts";

const quiet = () => {};
const held = new Map<string, Promise<Model>>();
let files: Files;

const run = new RunInference({
  ...{ clock: systemClock, cores: 1, native: NO_NATIVE },
  log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  resolve(model) {
    using folder = temporaryFolder();
    return modelResolver({ files, store: new ModelStore(folder.path), embedded: embeddedFile })(model);
  },
});

/**
 * Real models for examples, by name or out of the example's files. The worker of each goes on from one example to the
 * next, as starting one takes longer than an example.
 */
export function exampleModels(of: Files): Inference {
  return {
    async open(options) {
      files = of;
      const key = JSON.stringify(options);
      if (!held.has(key)) held.set(key, run.open(options));
      await held.get(key);
      files = of;
      return run.open(options);
    },
  };
}

export const closeExampleModels = () => run.close();
