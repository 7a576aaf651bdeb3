import type { Book } from "./book.ts";
import { NONE } from "./panes.ts";
import { TimedWindows } from "./timed_windows.ts";
import type { Early, Emitter, Taken } from "./window_kind.ts";

export interface Alignment {
  sizeMs: number;
  hopMs: number;
  /** A moment at which a window begins. */
  originMs: number;
}

/** Windows of `sizeMs` that begin every `hopMs`; with a hop as long as the size they lie side by side (tumbling). */
export class AlignedWindows extends TimedWindows {
  readonly #size: number;
  readonly #hop: number;
  readonly #origin: number;

  constructor(book: Book, { sizeMs, hopMs, originMs }: Alignment, latenessMs: number, early: Early) {
    super(book, latenessMs, early);
    this.#size = sizeMs;
    this.#hop = hopMs;
    this.#origin = originMs;
  }

  take(text: string, timeMs: number, skipped: number, emit: Emitter): Taken {
    const { keys, panes, watermarkMs } = this.book;
    const start = this.#origin + Math.floor((timeMs - this.#origin) / this.#hop) * this.#hop;
    if (start + this.#size + this.latenessMs <= watermarkMs) return "late";
    const key = keys.find(text);
    const newest = key === NONE ? NONE : keys.newest[key]!;
    if (newest === NONE || panes.start[newest] !== start || this.#hop !== this.#size) {
      return this.#takeAll(text, key, this.#starts(start, timeMs), timeMs, skipped, emit);
    }
    this.add(newest, timeMs, skipped, emit);
    return "taken";
  }

  /** Into every window of `starts`, the newest first. */
  #takeAll(text: string, known: number, starts: number[], timeMs: number, skipped: number, emit: Emitter): Taken {
    this.book.checkRange(starts.at(-1)!, starts[0]! + this.#size);
    if (!this.book.hasRoom(known, this.#missing(known, starts))) return "refused";
    const slots = this.#slots(known === NONE ? this.book.keys.add(text) : known, starts);
    for (let at = slots.length - 1; at >= 0; at--) {
      const slot = slots[at]!;
      this.add(slot, timeMs, skipped, emit);
      const { due } = this.book.panes;
      if (Number.isNaN(due[slot])) this.schedule(slot);
    }
    return "taken";
  }

  /** Of the windows the packet belongs to, those that are not over yet. */
  #starts(newestStart: number, timeMs: number): number[] {
    const starts: number[] = [];
    const over = this.book.watermarkMs - this.#size - this.latenessMs;
    for (let start = newestStart; start > timeMs - this.#size && start > over; start -= this.#hop) starts.push(start);
    return starts;
  }

  #missing(key: number, starts: readonly number[]): number {
    if (key === NONE) return starts.length;
    const { keys, panes } = this.book;
    let missing = 0;
    let slot = keys.newest[key]!;
    for (const start of starts) {
      while (slot !== NONE && panes.start[slot]! > start) slot = panes.older[slot]!;
      if (slot === NONE || panes.start[slot] !== start) missing += 1;
    }
    return missing;
  }

  #slots(key: number, starts: readonly number[]): number[] {
    const { keys, panes } = this.book;
    let [newer, slot] = [NONE, keys.newest[key]!];
    return starts.map((start) => {
      while (slot !== NONE && panes.start[slot]! > start) [newer, slot] = [slot, panes.older[slot]!];
      if (slot === NONE || panes.start[slot] !== start) slot = this.book.open(key, start, start + this.#size, newer);
      return slot;
    });
  }
}
