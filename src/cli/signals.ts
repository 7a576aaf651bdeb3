import type { Engine } from "../engine/index.ts";
import type { Log } from "../observe/index.ts";

/** 128 + the signal's number, as shells report it. */
const CODES: Record<string, number> = { SIGINT: 130, SIGTERM: 143 };

/** The first SIGINT or SIGTERM drains the run; the second calls `leave`, which ends the process at once. */
export function stopOnSignals(engine: Engine, log: Log, leave: (code: number) => void): { release(): void } {
  let asked = false;
  const handle = (signal: NodeJS.Signals) => {
    if (asked) {
      // `timeout` and npm send two at once: without a word the missing report would be a riddle.
      log.warn("ending at once, without a report: a second signal came", { signal });
      return leave(CODES[signal]!);
    }
    asked = true;
    log.info("stopping: finishing what is in flight, once more ends at once", { signal });
    engine.stop("signal");
  };
  for (const signal of Object.keys(CODES)) process.on(signal, handle);
  return {
    release() {
      for (const signal of Object.keys(CODES)) process.off(signal, handle);
    },
  };
}
