import type { StreamPacket } from "../../packet/index.ts";
import type { Book } from "./book.ts";
import { NONE } from "./panes.ts";
import type { Early, Emitter, Taken, WindowKind } from "./window_kind.ts";

/**
 * Windows of `size` packets of a key in the order in which they come; every `hop` packets another one begins. Time
 * does not close them, so nothing is late, and what is unfinished at the end of the input leaves as it is.
 */
export class CountWindows implements WindowKind {
  readonly strict = false;
  readonly #book: Book;
  readonly #size: number;
  readonly #hop: number;
  readonly #early: number | undefined;

  constructor(book: Book, size: number, hop: number, { everyPackets }: Early) {
    this.#book = book;
    this.#size = size;
    this.#hop = hop;
    this.#early = everyPackets;
  }

  take(text: string, timeMs: number, skipped: number, emit: Emitter): Taken {
    const { keys, panes } = this.#book;
    this.#book.checkRange(timeMs, timeMs);
    const known = keys.find(text);
    const begins = known === NONE || panes.count[keys.newest[known]!]! >= this.#hop;
    if (begins && !this.#book.hasRoom(known, 1)) return "refused";
    const key = known === NONE ? keys.add(text) : known;
    if (begins) this.#book.open(key, timeMs, timeMs, NONE);
    for (const slot of this.#book.ofKey(key)) this.#add(slot, timeMs, skipped, emit);
    return "taken";
  }

  due = () => undefined;

  closeKey(key: number, emit: Emitter) {
    for (const slot of this.#book.ofKey(key)) emit(this.#close(slot, this.#book.nextCut()));
  }

  *end(): Generator<StreamPacket> {
    const { panes } = this.#book;
    const open = [...panes.slots()].sort((a, b) => panes.number[a]! - panes.number[b]!);
    for (const slot of open) yield this.#close(slot, 0);
  }

  #add(slot: number, timeMs: number, skipped: number, emit: Emitter) {
    const { panes } = this.#book;
    this.#book.add(slot, timeMs, skipped);
    if (timeMs < panes.start[slot]!) panes.start[slot] = timeMs;
    if (timeMs > panes.end[slot]!) panes.end[slot] = timeMs;
    const count = panes.count[slot]!;
    if (count >= this.#size) emit(this.#close(slot, 0));
    else if (this.#early !== undefined && count % this.#early === 0) {
      emit(this.#book.fire(slot, false, this.#numbered(slot)));
    }
  }

  #close(slot: number, cut: number): StreamPacket {
    const packet = this.#book.fire(slot, true, { ...this.#numbered(slot), cut });
    this.#book.drop(slot);
    return packet;
  }

  /** Two windows of a key may begin and end at the same times. */
  #numbered = (slot: number) => ({ number: this.#book.panes.number[slot]! });
}
