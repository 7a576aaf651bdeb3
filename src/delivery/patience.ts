/**
 * Longest probe of an outside that usually answers faster. Why 5 s: a probe that went into a black hole and the wait
 * for the next one are then over within 10 s of the outside being back, half of 15 s to spare for a second failure.
 */
const PROBE_MS = 5_000;
/** How much of the slowest answer is left after each further one, so that one bad minute is forgotten. */
const FADE = 0.99;

/**
 * How long a try may take. All of `timeoutMs` while the outside answers; after a timeout, and for probes, five seconds,
 * or twice the slowest answer of late if that is longer. An answer that comes too late still tells how slow the
 * outside is, so one that has become slower is waited for in the end.
 */
export class Patience {
  readonly #timeoutMs: number;
  #slowestMs = 0;
  #doubts = false;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  ms(isProbe: boolean): number {
    if (!isProbe && !this.#doubts) return this.#timeoutMs;
    return Math.min(this.#timeoutMs, Math.max(PROBE_MS, 2 * this.#slowestMs));
  }

  answered(tookMs: number) {
    this.#doubts = false;
    this.answeredLate(tookMs);
  }

  answeredLate(tookMs: number) {
    this.#slowestMs = Math.max(tookMs, this.#slowestMs * FADE);
  }

  timedOut() {
    this.#doubts = true;
  }
}
