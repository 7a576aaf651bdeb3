import { fullJitterMs } from "../base/backoff.ts";
import type { Random } from "../base/random.ts";

/**
 * Bound of the wait before the first probe; it doubles up to `capMs`.
 * Why 1 s: a server that restarts is often back by then, and five failures in a row have just said "not now".
 */
const PROBE_BASE_MS = 1_000;

/** `half_open`: a probe is under way. */
export type CircuitState = "closed" | "open" | "half_open";

export interface CircuitOptions {
  random: Random;
  /** Failures in a row that open it; undefined: it never opens. */
  failures: number | undefined;
  /** Longest wait between two probes. */
  capMs: number;
  onOpened(inARow: number): void;
  /** `openMs`: from the first failure to the answer of a probe. */
  onClosed(openMs: number): void;
}

/**
 * Whether the outside takes packets. It opens when that many tries failed in a row, whichever packets they were of;
 * while it is open one probe at a time goes out, and its outcome alone decides. A wait before a probe is uniform in
 * [0, 1 s), [0, 2 s), [0, 4 s), [0, cap) …, so an outside that is back is noticed within the cap and one probe.
 */
export class Circuit {
  state: CircuitState = "closed";
  /** While open: when the next probe may go out, monotonic. */
  probeAtMs = 0;
  openedTotal = 0;
  readonly #options: CircuitOptions;
  #inARow = 0;
  #failedProbes = 0;
  #firstFailureMs = 0;

  constructor(options: CircuitOptions) {
    this.#options = options;
  }

  get closed(): boolean {
    return this.state === "closed";
  }

  /** When the failures began that opened it; undefined while closed. */
  get awaySinceMs(): number | undefined {
    return this.closed ? undefined : this.#firstFailureMs;
  }

  /** A probe begins: whoever calls this tries as the only one. */
  probe() {
    this.state = "half_open";
  }

  /** The outside answered. A try that began before it opened says nothing about now. */
  answered(isProbe: boolean, nowMs: number) {
    if (this.closed) this.#inARow = 0;
    else if (isProbe) this.#close(nowMs);
  }

  failed(isProbe: boolean, nowMs: number) {
    if (this.closed) this.#count(nowMs);
    else if (isProbe) this.#reopen(nowMs);
  }

  #count(nowMs: number) {
    if (this.#inARow === 0) this.#firstFailureMs = nowMs;
    this.#inARow += 1;
    const { failures, onOpened } = this.#options;
    if (failures === undefined || this.#inARow < failures) return;
    this.openedTotal += 1;
    this.#failedProbes = 0;
    this.#wait(nowMs);
    onOpened(this.#inARow);
  }

  #reopen(nowMs: number) {
    this.#failedProbes += 1;
    this.#wait(nowMs);
  }

  #wait(nowMs: number) {
    const { random, capMs } = this.#options;
    this.state = "open";
    this.probeAtMs = nowMs + fullJitterMs(random, this.#failedProbes, PROBE_BASE_MS, capMs);
  }

  #close(nowMs: number) {
    this.state = "closed";
    this.#inARow = 0;
    this.#options.onClosed(nowMs - this.#firstFailureMs);
  }
}
