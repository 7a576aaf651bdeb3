import type { Clock } from "../../base/clock.ts";

/** A token bucket for the backlog: `drain_rate` rows per second, at most one second's worth at once. */
export class Pace {
  readonly #rate: number;
  readonly #clock: Clock;
  #tokens: number;
  #lastMs: number;

  constructor(rate: number | undefined, clock: Clock) {
    this.#rate = rate ?? Number.POSITIVE_INFINITY;
    this.#clock = clock;
    this.#tokens = this.#burst;
    this.#lastMs = clock.monotonicMs();
  }

  /** Rows of the backlog that may be taken now. */
  get rows(): number {
    const nowMs = this.#clock.monotonicMs();
    if (this.#rate === Number.POSITIVE_INFINITY) return this.#rate;
    this.#tokens = Math.min(this.#burst, this.#tokens + ((nowMs - this.#lastMs) * this.#rate) / 1_000);
    this.#lastMs = nowMs;
    return Math.floor(this.#tokens);
  }

  take(rows: number) {
    this.#tokens -= rows;
  }

  /** How long until one more may be taken; 0 when one may now. */
  get waitMs(): number {
    return this.rows >= 1 ? 0 : ((1 - this.#tokens) * 1_000) / this.#rate;
  }

  get #burst(): number {
    return Math.max(1, this.#rate);
  }
}
