import TinyQueue from "tinyqueue";
import type { Hold } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";

/** An event that waits for what may still come. */
export interface WaitingEvent {
  readonly packet: StreamPacket;
  readonly timeMs: number;
  readonly hold: Hold | undefined;
  /** On the monotonic clock. */
  readonly sinceMs: number;
}

type Entry = WaitingEvent & { readonly serial: number };

const earlier = (a: Entry, b: Entry) => a.timeMs - b.timeMs || a.serial - b.serial;

/** Events in order of their time, and of their coming when that is the same. */
export class WaitingEvents {
  #queue = new TinyQueue<Entry>([], earlier);
  #serial = 0;

  get size() {
    return this.#queue.length;
  }

  add(event: WaitingEvent) {
    this.#queue.push({ ...event, serial: this.#serial++ });
  }

  takeFirst(): WaitingEvent | undefined {
    return this.#queue.pop();
  }

  /** Those of an earlier time. */
  takeBefore(timeMs: number): WaitingEvent[] {
    const taken: WaitingEvent[] = [];
    while (this.#queue.length > 0 && this.#queue.peek()!.timeMs < timeMs) taken.push(this.#queue.pop()!);
    return taken;
  }

  /** Those that came at `sinceMs` or before, in the order in which they came. */
  takeSince(sinceMs: number): WaitingEvent[] {
    const came = this.#queue.data.filter((entry) => entry.sinceMs <= sinceMs);
    this.#queue = new TinyQueue(
      this.#queue.data.filter((entry) => entry.sinceMs > sinceMs),
      earlier,
    );
    return came.sort((a, b) => a.serial - b.serial);
  }

  /** In the order in which they came. */
  inOrder(): WaitingEvent[] {
    return [...this.#queue.data].sort((a, b) => a.serial - b.serial);
  }
}
