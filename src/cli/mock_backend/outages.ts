import type { Clock } from "../../base/clock.ts";
import type { Behaviour } from "./behaviour.ts";

/** The last so many; a soak of a day with one a minute has more, and nobody reads them all. */
const MAX_KEPT = 1_000;

interface Outage {
  mode: string;
  at_ms: number;
  lasted_ms: number | null;
  /** From the end of the outage to the first post that was taken. */
  recovered_ms: number | null;
}

/** When the backend was away, and how long after that the first post was taken. */
export class Outages {
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #kept: Outage[] = [];
  #count = 0;
  #endedMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startMs = clock.monotonicMs();
  }

  changed(before: Behaviour, after: Behaviour) {
    if (before.mode === after.mode) return;
    const nowMs = this.#clock.monotonicMs();
    const open = this.#kept.at(-1);
    if (before.mode !== "up" && open !== undefined) {
      open.lasted_ms = Math.round(nowMs - this.#startMs - open.at_ms);
      this.#endedMs = nowMs;
    }
    if (after.mode === "up") return;
    this.#count += 1;
    this.#kept.push({
      mode: after.mode,
      at_ms: Math.round(nowMs - this.#startMs),
      lasted_ms: null,
      recovered_ms: null,
    });
    if (this.#kept.length > MAX_KEPT) this.#kept.shift();
  }

  /** A post was taken. */
  taken() {
    const last = this.#kept.at(-1);
    if (last?.lasted_ms == null || last.recovered_ms !== null) return;
    last.recovered_ms = Math.round(this.#clock.monotonicMs() - this.#endedMs);
  }

  stats() {
    return { outages: this.#count, last_outages: this.#kept };
  }
}
