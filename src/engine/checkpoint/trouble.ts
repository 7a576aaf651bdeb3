import type { NodeLog } from "../../node/index.ts";

/** Why there is no checkpoint: told once until one succeeds. Meanwhile rows stay in their queues. */
export class Trouble {
  why: string | undefined;
  readonly #log: NodeLog;

  constructor(log: NodeLog) {
    this.#log = log;
  }

  begin(why: string) {
    if (this.why === why) return;
    this.why = why;
    const what = "no checkpoint: it is tried again, and a crash until then repeats what came since the last";
    this.#log.warn(what, { reason: why });
  }

  end() {
    if (this.why !== undefined) this.#log.info("checkpoints work again");
    this.why = undefined;
  }
}
