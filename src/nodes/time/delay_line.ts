import type { Hold } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";

/** A packet that waits: until when, on a scale of the line's owner, and who waits for it. */
export interface Delayed {
  readonly packet: StreamPacket;
  readonly due: number;
  readonly hold: Hold | undefined;
}

/** Packets in the order in which they are due; of those due at once in the order in which they came. */
export class DelayLine {
  #waiting: Delayed[] = [];

  get length(): number {
    return this.#waiting.length;
  }

  /** When the first is due; Infinity when none waits. */
  get nextDue(): number {
    return this.#waiting[0]?.due ?? Number.POSITIVE_INFINITY;
  }

  add(delayed: Delayed) {
    const waiting = this.#waiting;
    let at = waiting.length;
    // From the end, as packets come nearly in order.
    while (at > 0 && waiting[at - 1]!.due > delayed.due) at -= 1;
    if (at === waiting.length) waiting.push(delayed);
    else waiting.splice(at, 0, delayed);
  }

  /** Takes the first; the line must not be empty. */
  takeFirst(): Delayed {
    return this.#waiting.shift()!;
  }

  /** Takes all that are due by then. */
  takeDue(by: number): Delayed[] {
    const found = this.#waiting.findIndex(({ due }) => due > by);
    return this.#waiting.splice(0, found < 0 ? this.#waiting.length : found);
  }

  /** When they are due as seen `from` then: a clock that starts anew goes on counting. */
  snapshot(from = 0): { packet: StreamPacket; due: number }[] {
    return this.#waiting.map(({ packet, due }) => ({ packet, due: due - from }));
  }

  /** Nobody waits for packets of a snapshot: it has answered for them. */
  restore(state: unknown, from = 0) {
    if (!Array.isArray(state))
      throw new Error(`cannot restore a delay: expected a list of packets, got ${typeof state}`);
    for (const { packet, due } of state) this.add({ packet, due: due + from, hold: undefined });
  }
}
