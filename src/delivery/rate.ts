/**
 * A bucket of tokens that fills by itself: `perSec` tries per second on average, at most `burst` at once.
 * One number holds it (GCRA): the time at which the bucket would be full again.
 */
export class Rate {
  readonly #intervalMs: number;
  readonly #toleranceMs: number;
  #fullAtMs = Number.NEGATIVE_INFINITY;

  constructor({ per_sec, burst }: { per_sec: number; burst: number }) {
    this.#intervalMs = 1_000 / per_sec;
    this.#toleranceMs = this.#intervalMs * (burst - 1);
  }

  /** When a token is there, monotonic; in the past when there is one now. */
  get nextMs(): number {
    return this.#fullAtMs - this.#toleranceMs;
  }

  take(nowMs: number) {
    this.#fullAtMs = Math.max(this.#fullAtMs, nowMs) + this.#intervalMs;
  }
}
