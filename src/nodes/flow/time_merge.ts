import TinyQueue from "tinyqueue";
import type { Hold } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";

/** A packet that waits for its turn. */
export interface Waiting {
  readonly packet: StreamPacket;
  readonly hold: Hold | undefined;
  readonly tsMs: number;
  /** Position of its input. */
  readonly input: number;
  /** When it came, monotonic. */
  readonly cameMs: number;
  readonly order: number;
}

/** By time, then by input, then as they came: nothing depends on how the inputs were interleaved. */
const byTime = (a: Waiting, b: Waiting) => a.tsMs - b.tsMs || a.input - b.input || a.order - b.order;

/** Packets of several inputs in order of event time, and how long each has been there. */
export class TimeMerge {
  readonly #queue = new TinyQueue<Waiting>([], byTime);
  /** As they came, from `#first` on; those that are gone are passed over. */
  #came: Waiting[] = [];
  #first = 0;
  readonly #gone = new WeakSet<Waiting>();
  #order = 0;

  get size(): number {
    return this.#queue.length;
  }

  add(packet: StreamPacket, hold: Hold | undefined, tsMs: number, input: number, cameMs: number) {
    const waiting = { packet, hold, tsMs, input, cameMs, order: this.#order++ };
    this.#queue.push(waiting);
    this.#came.push(waiting);
  }

  /** Takes the earliest out. */
  earliest(): Waiting {
    const waiting = this.#queue.pop()!;
    this.#gone.add(waiting);
    return waiting;
  }

  /** Takes out what is earlier than a time, in order. */
  before(tsMs: number): Waiting[] {
    const taken: Waiting[] = [];
    while (this.#queue.length > 0 && this.#queue.peek()!.tsMs < tsMs) taken.push(this.earliest());
    return taken;
  }

  /** Takes out what came by then, and what is earlier than that, so that the order stays. */
  cameBy(cameMs: number): Waiting[] {
    let untilMs = Number.NEGATIVE_INFINITY;
    for (const waiting of this.#came.slice(this.#first)) {
      if (waiting.cameMs > cameMs) break;
      if (!this.#gone.has(waiting)) untilMs = Math.max(untilMs, waiting.tsMs);
    }
    const taken: Waiting[] = [];
    while (this.#queue.length > 0 && this.#queue.peek()!.tsMs <= untilMs) taken.push(this.earliest());
    return taken;
  }

  /** When the one that has been here longest came. */
  oldestMs(): number | undefined {
    while (this.#first < this.#came.length && this.#gone.has(this.#came[this.#first]!)) this.#first += 1;
    // Half of it is gone: each packet is moved once for every one that went.
    if (2 * this.#first > this.#came.length) {
      this.#came = this.#came.slice(this.#first);
      this.#first = 0;
    }
    return this.#came[this.#first]?.cameMs;
  }

  /** In order of time. */
  waiting(): Waiting[] {
    return [...this.#queue.data].sort(byTime);
  }
}
