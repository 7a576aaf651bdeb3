import { toError } from "../base/to_error.ts";
import type { Engine } from "../engine/index.ts";
import { EXIT } from "./exit.ts";

/**
 * Hears what no call of a node is there to take: a rejection that nobody awaits, a throw in a timer, a call of
 * `process.exit`. It cannot be told whose it is nor what state it leaves behind, so the run fails, with its report.
 */
export function catchStrays(engine: Engine, report: () => void): { release(): void } {
  const escaped = (thrown: unknown) => {
    const { message } = toError(thrown);
    engine.fail(new Error(`an error escaped from a node, by a promise that nobody awaits or from a timer: ${message}`));
  };
  const exited = () => {
    engine.fail(new Error("a node ended the process with process.exit, which is the run's to do"));
    process.exitCode = EXIT.failure;
    report();
  };
  process.on("uncaughtException", escaped);
  process.on("unhandledRejection", escaped);
  process.on("exit", exited);
  return {
    release() {
      process.off("uncaughtException", escaped);
      process.off("unhandledRejection", escaped);
      process.off("exit", exited);
    },
  };
}
