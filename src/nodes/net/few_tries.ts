import { type Clock, sleep } from "../../base/clock.ts";
import { Rejected } from "../../node/index.ts";

export interface FewTries {
  max_attempts: number;
  backoff_ms: number;
  backoff_max_ms: number;
  on_status: readonly number[];
  on_fail: "pass_over" | "throw";
}

/** Tries as the predecessor did: a few times with a doubling wait, and then the packet is counted and passed over. */
export class FewTriesSender {
  readonly #options: FewTries;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  failed = 0;
  retries = 0;

  constructor(options: FewTries, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** True when `send` resolved in the end. */
  async send(send: () => Promise<void>): Promise<boolean> {
    const { max_attempts, backoff_ms, backoff_max_ms } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        await send();
        return true;
      } catch (error) {
        const last = attempt >= max_attempts || !this.#mayHelp(error as Error) || this.#closing.signal.aborted;
        if (last) return this.#giveUp(error as Error);
      }
      this.retries += 1;
      await sleep(this.#clock, Math.min(backoff_ms * 2 ** (attempt - 1), backoff_max_ms), this.#closing.signal);
    }
  }

  close() {
    this.#closing.abort();
  }

  #mayHelp(error: Error): boolean {
    // What an answer stands for has its status.
    const { status } = error as { status?: number };
    if (status !== undefined) return this.#options.on_status.includes(status);
    return error.name === "Unavailable";
  }

  #giveUp(error: Error): boolean {
    this.failed += 1;
    // Not as it came: a policy around this node would begin again.
    if (this.#options.on_fail === "throw") throw new Rejected(error.message, { cause: error });
    return false;
  }
}
