import type { StreamPacket } from "../../packet/index.ts";
import type { Book } from "./book.ts";
import { DIRTY, FINAL } from "./panes.ts";
import type { Early, Emitter, Taken, WindowKind } from "./window_kind.ts";

/**
 * Windows with an end in event time. At the end they give their result, before it early ones if these are asked for,
 * and for `latenessMs` after it another one for each packet that still comes. Then they are forgotten.
 */
export abstract class TimedWindows implements WindowKind {
  readonly strict = false;
  protected readonly book: Book;
  protected readonly latenessMs: number;
  readonly #early: Early;

  constructor(book: Book, latenessMs: number, early: Early) {
    this.book = book;
    this.latenessMs = latenessMs;
    this.#early = early;
  }

  abstract take(key: string, timeMs: number, skipped: number, emit: Emitter): Taken;

  due(slot: number, dueMs: number): StreamPacket | undefined {
    const { panes, watermarkMs } = this.book;
    const end = panes.end[slot]!;
    if (dueMs < end) {
      // Met for an early result, or because it grew after it was put down; one that is over waits for its turn.
      const packet = end > watermarkMs && this.#isEarly(slot, dueMs) ? this.book.fire(slot, false) : undefined;
      this.book.schedule(slot, end > watermarkMs ? this.#nextMs(slot) : end);
      return packet;
    }
    const packet = (panes.flags[slot]! & FINAL) === 0 ? this.book.fire(slot, true) : undefined;
    this.schedule(slot);
    return packet;
  }

  closeKey(key: number, emit: Emitter) {
    for (const slot of this.book.ofKey(key)) {
      const told = (this.book.panes.flags[slot]! & FINAL) !== 0;
      if (!told) emit(this.book.fire(slot, true, { cut: this.book.nextCut() }));
      this.book.drop(slot);
    }
  }

  /** Adds the packet that was read last; a window that is over gives another result at once. */
  protected add(slot: number, timeMs: number, skipped: number, emit: Emitter) {
    this.book.add(slot, timeMs, skipped);
    const { panes, watermarkMs } = this.book;
    if (panes.end[slot]! <= watermarkMs) emit(this.book.fire(slot, true));
    else if (this.#early.everyPackets !== undefined && panes.count[slot]! % this.#early.everyPackets === 0) {
      emit(this.book.fire(slot, false));
    }
  }

  /** When the window is to be looked at next; one that nothing can be added to any more is forgotten. */
  protected schedule(slot: number) {
    const { panes, watermarkMs } = this.book;
    const end = panes.end[slot]!;
    if (watermarkMs < end) this.book.schedule(slot, this.#nextMs(slot));
    else if (watermarkMs < end + this.latenessMs) this.book.schedule(slot, end + this.latenessMs);
    else this.book.drop(slot);
  }

  /** The next time for an early result after the watermark, counted from the window's start; else its end. */
  #nextMs(slot: number): number {
    const { panes, watermarkMs } = this.book;
    const { everyMs } = this.#early;
    if (everyMs === undefined) return panes.end[slot]!;
    const start = panes.start[slot]!;
    const passed = Math.floor((Math.max(watermarkMs, start) - start) / everyMs);
    return Math.min(panes.end[slot]!, start + (passed + 1) * everyMs);
  }

  #isEarly(slot: number, dueMs: number): boolean {
    const { panes } = this.book;
    const { everyMs } = this.#early;
    if (everyMs === undefined || (panes.flags[slot]! & DIRTY) === 0) return false;
    const times = (dueMs - panes.start[slot]!) / everyMs;
    // Not exact: times with microseconds are no whole milliseconds.
    return Math.abs(times - Math.round(times)) < 1e-6;
  }
}
