import type { StreamPacket } from "../../packet/index.ts";
import type { Aggregates } from "./aggregates.ts";
import type { Book, Contents } from "./book.ts";
import { NONE } from "./panes.ts";
import type { Emitter, Taken, WindowKind } from "./window_kind.ts";

/** The aggregates of a sliding window are made here, of the packets in it, whenever it gives a result. */
const SCRATCH = 0;

/** The values of each packet; null is none. */
export class PacketValues implements Contents {
  readonly #aggregates: Aggregates;
  #values: (readonly unknown[] | null)[] = [];

  constructor(aggregates: Aggregates) {
    this.#aggregates = aggregates;
    aggregates.grow(SCRATCH + 1);
  }

  grow() {}

  clear(slot: number) {
    this.#values[slot] = null;
  }

  add(slot: number) {
    this.#values[slot] = this.#aggregates.kept();
  }

  of = (slot: number): readonly unknown[] => this.#values[slot]!;

  snapshot = (used: number) => this.#values.slice(0, used);

  restore(state: unknown) {
    this.#values = [...(state as (readonly unknown[] | null)[])];
  }
}

/**
 * One window per event time of a key: what happened in the `sizeMs` up to and with that time. A slot of the book is a
 * packet; of packets with the same time the first one stands for their window.
 */
export class SlidingWindows implements WindowKind {
  // The window includes its end, so it is complete when nothing of that very time is expected either.
  readonly strict = true;
  readonly #book: Book;
  readonly #values: PacketValues;
  readonly #aggregates: Aggregates;
  readonly #size: number;
  readonly #lateness: number;

  constructor(book: Book, values: PacketValues, aggregates: Aggregates, sizeMs: number, latenessMs: number) {
    this.#book = book;
    this.#values = values;
    this.#aggregates = aggregates;
    this.#size = sizeMs;
    this.#lateness = latenessMs;
  }

  take(text: string, timeMs: number, skipped: number, emit: Emitter): Taken {
    const { keys, watermarkMs } = this.#book;
    if (timeMs < watermarkMs - this.#lateness) return "late";
    this.#book.checkRange(timeMs - this.#size, timeMs);
    const known = keys.find(text);
    if (!this.#book.hasRoom(known, 1)) return "refused";
    const key = known === NONE ? keys.add(text) : known;
    this.#insert(key, timeMs, skipped);
    if (timeMs < watermarkMs) for (const slot of this.#changed(key, timeMs)) emit(this.#fire(slot));
    return "taken";
  }

  due(slot: number, dueMs: number): StreamPacket | undefined {
    const { panes } = this.#book;
    const packet = this.#stands(slot) && panes.firing[slot] === 0 ? this.#fire(slot) : undefined;
    const keptUntilMs = this.#keptUntilMs(slot);
    // Not by the watermark: windows that are due later in the same advance reach back to it.
    if (dueMs >= keptUntilMs) this.#book.drop(slot);
    else this.#book.schedule(slot, keptUntilMs);
    return packet;
  }

  closeKey(key: number, emit: Emitter) {
    const slots = this.#book.ofKey(key);
    for (const slot of slots) {
      if (this.#stands(slot) && this.#book.panes.firing[slot] === 0) emit(this.#fire(slot, this.#book.nextCut()));
    }
    for (const slot of slots) this.#book.drop(slot);
  }

  #insert(key: number, timeMs: number, skipped: number) {
    const { keys, panes, watermarkMs } = this.#book;
    let [newer, older] = [NONE, keys.newest[key]!];
    while (older !== NONE && panes.end[older]! > timeMs) [newer, older] = [older, panes.older[older]!];
    const slot = this.#book.open(key, timeMs - this.#size, timeMs, newer);
    this.#book.add(slot, timeMs, skipped);
    const waits = this.#stands(slot) && timeMs >= watermarkMs;
    this.#book.schedule(slot, waits ? timeMs : this.#keptUntilMs(slot));
  }

  /** As long as a window that may still give a result reaches back to it. */
  #keptUntilMs = (slot: number) => this.#book.panes.end[slot]! + this.#size + this.#lateness;

  /** Whether the packet is the first of its time. */
  #stands(slot: number): boolean {
    const { panes } = this.#book;
    const older = panes.older[slot]!;
    return older === NONE || panes.end[older] !== panes.end[slot];
  }

  /** The windows that have given a result and that a packet of this time belongs to, the earliest first. */
  #changed(key: number, timeMs: number): number[] {
    const { panes, watermarkMs } = this.#book;
    const reaches = (endMs: number) => endMs >= timeMs && endMs < timeMs + this.#size && endMs < watermarkMs;
    return this.#book.ofKey(key).filter((slot) => reaches(panes.end[slot]!) && this.#stands(slot));
  }

  /** Adds up what is in the window of a packet that stands for it: every packet of its time, and older ones. */
  #fire(slot: number, cut = 0): StreamPacket {
    const { panes } = this.#book;
    const within: number[] = [];
    for (let at = this.#newestOfTime(slot); at !== NONE && panes.end[at]! > panes.start[slot]!; at = panes.older[at]!) {
      within.push(at);
    }
    this.#aggregates.clear(SCRATCH);
    let skipped = 0;
    for (const at of within.reverse()) {
      this.#aggregates.add(SCRATCH, panes.end[at]!, this.#values.of(at));
      skipped += panes.skipped[at]!;
    }
    return this.#book.fire(slot, true, { slot: SCRATCH, count: within.length, skipped, cut });
  }

  #newestOfTime(slot: number): number {
    const { panes } = this.#book;
    let at = slot;
    while (panes.newer[at] !== NONE && panes.end[panes.newer[at]!] === panes.end[slot]) at = panes.newer[at]!;
    return at;
  }
}
