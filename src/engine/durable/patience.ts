import { fullJitterMs } from "../../base/backoff.ts";
import { type Clock, sleep } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { NodeLog } from "../../node/index.ts";

/** A disk that fails is asked again after at most 0.1 s, 0.2 s, 0.4 s … */
const BASE_MS = 100;
/** … and at least every 5 s, so that work goes on soon after it recovers. */
const CAP_MS = 5_000;

export interface PatienceOptions {
  clock: Clock;
  random: Random;
  log: NodeLog;
  /** Ends every wait. */
  signal: AbortSignal;
}

/** Waits between tries at a queue that does not take what it is told, and says so once per change. */
export class Patience {
  readonly #options: PatienceOptions;
  readonly #what: string;
  #tries = 0;
  #told = false;

  /** `what` fails, for the log: `enqueue into yard.out->alarms.in`. */
  constructor(what: string, options: PatienceOptions) {
    this.#what = what;
    this.#options = options;
  }

  /** Resolves when it is time for another try; `sooner` ends the wait early. False: the run has ended. */
  async wait(error: Error, sooner?: (resume: () => void) => () => void): Promise<boolean> {
    const { clock, random, signal } = this.#options;
    this.tell(error, "is tried again until it succeeds");
    const waitMs = fullJitterMs(random, this.#tries, BASE_MS, CAP_MS);
    this.#tries += 1;
    const early = new AbortController();
    const unlisten = sooner?.(() => early.abort());
    await sleep(clock, waitMs, AbortSignal.any([signal, early.signal]));
    unlisten?.();
    return !signal.aborted;
  }

  /** Also for a failure that nobody waits out here: whoever asked has heard of it and comes again. */
  tell(error: Error, next: string) {
    if (this.#told) return;
    this.#told = true;
    this.#options.log.error(`${this.#what} fails and ${next}`, { reason: error.message });
  }

  succeeded() {
    if (this.#told) this.#options.log.info(`${this.#what} works again`, { tries: this.#tries });
    this.#told = false;
    this.#tries = 0;
  }
}
