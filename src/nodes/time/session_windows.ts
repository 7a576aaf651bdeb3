import type { Aggregates } from "./aggregates.ts";
import type { Book } from "./book.ts";
import { FINAL, NONE } from "./panes.ts";
import { TimedWindows } from "./timed_windows.ts";
import type { Early, Emitter, Taken } from "./window_kind.ts";

/**
 * Windows that last as long as packets of a key follow each other in less than `gapMs`: from the first one up to
 * `gapMs` after the last one. A packet between two windows that is near to both makes them one.
 */
export class SessionWindows extends TimedWindows {
  readonly #gap: number;
  readonly #aggregates: Aggregates;

  constructor(book: Book, aggregates: Aggregates, gapMs: number, latenessMs: number, early: Early) {
    super(book, latenessMs, early);
    this.#aggregates = aggregates;
    this.#gap = gapMs;
  }

  take(text: string, timeMs: number, skipped: number, emit: Emitter): Taken {
    const key = this.book.keys.find(text);
    const [newer, near] = key === NONE ? [NONE, NONE] : this.#place(key, timeMs);
    const goesOn = near !== NONE && this.book.panes.end[near]! > timeMs;
    if (!goesOn && timeMs + this.#gap + this.latenessMs <= this.book.watermarkMs) return "late";
    this.book.checkRange(timeMs, timeMs + this.#gap);
    if (!goesOn && !this.book.hasRoom(key, 1)) return "refused";
    const slot = goesOn ? this.#extend(near, timeMs) : this.#open(text, key, timeMs, newer);
    this.add(slot, timeMs, skipped, emit);
    const { due } = this.book.panes;
    if (Number.isNaN(due[slot])) this.schedule(slot);
    return "taken";
  }

  /** The newest window that begins before `timeMs + gap`, and the one that stands before it. */
  #place(key: number, timeMs: number): [newer: number, near: number] {
    const { keys, panes } = this.book;
    let [newer, slot] = [NONE, keys.newest[key]!];
    while (slot !== NONE && panes.start[slot]! >= timeMs + this.#gap) [newer, slot] = [slot, panes.older[slot]!];
    return [newer, slot];
  }

  #open(text: string, known: number, timeMs: number, newer: number): number {
    const key = known === NONE ? this.book.keys.add(text) : known;
    return this.book.open(key, timeMs, timeMs + this.#gap, newer);
  }

  /** A window that grows stays where it is on the agenda, and is put down again when it is met there. */
  #extend(slot: number, timeMs: number): number {
    const { panes, watermarkMs } = this.book;
    if (timeMs < panes.start[slot]!) panes.start[slot] = timeMs;
    if (timeMs + this.#gap > panes.end[slot]!) panes.end[slot] = timeMs + this.#gap;
    const before = panes.older[slot]!;
    if (before !== NONE && panes.end[before]! > panes.start[slot]!) this.#join(slot, before);
    const goesOnAfterItsEnd = (panes.flags[slot]! & FINAL) !== 0 && panes.end[slot]! > watermarkMs;
    if (goesOnAfterItsEnd) {
      panes.flags[slot]! &= ~FINAL;
      this.schedule(slot);
    }
    return slot;
  }

  #join(slot: number, before: number) {
    const { panes } = this.book;
    panes.start[slot] = panes.start[before]!;
    panes.count[slot]! += panes.count[before]!;
    panes.skipped[slot]! += panes.skipped[before]!;
    panes.firing[slot] = Math.max(panes.firing[slot]!, panes.firing[before]!);
    this.#aggregates.merge(slot, before);
    this.book.drop(before);
  }
}
