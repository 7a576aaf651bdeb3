import type { Clock } from "../base/clock.ts";
import type { StreamPacket } from "../packet/index.ts";

/** A packet delivered within this of the usual lag is not behind. Why 1 s: far above jitter, far below an outage. */
const SLACK_MS = 1_000;
/** Weight of a new packet in the usual lag: the last 20 or so count. */
const WEIGHT = 0.1;
/** Between outages one packet in this time is looked at: reading two times costs as much as the rest of a delivery. */
const LOOK_MS = 1;

/**
 * How far behind its event time a packet is delivered, and how long it takes after an outage until that is again what
 * it was before. `lag` is wall clock against the packet's `ts`, so a recording from last year has a large one, always.
 */
export class Lag {
  /** Of the last outage that was caught up, from its first delivery on. */
  caughtUpMs: number | undefined;
  #usualMs: number | undefined;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #sinceMs: number | undefined;

  /** The first delivery after an outage: from here on it is measured. */
  behindSince(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  delivered({ ts }: StreamPacket, nowMs: number, clock: Clock) {
    if (this.#sinceMs === undefined && nowMs - this.#lookedMs < LOOK_MS) return;
    this.#lookedMs = nowMs;
    const lagMs = clock.nowMs() - Date.parse(ts);
    // A time that cannot be read says nothing.
    if (Number.isNaN(lagMs)) return;
    const usualMs = this.#usualMs ?? lagMs;
    if (this.#sinceMs === undefined) this.#usualMs = usualMs + (lagMs - usualMs) * WEIGHT;
    else if (lagMs <= (this.#usualMs ?? 0) + SLACK_MS) {
      this.caughtUpMs = nowMs - this.#sinceMs;
      this.#sinceMs = undefined;
    }
  }
}
