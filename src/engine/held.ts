import type { StreamPacket } from "../packet/index.ts";
import type { AckRoot } from "./ack.ts";
import type { EdgeRun } from "./producer.ts";

/** A packet that found no room: it stays with its producer, which does not run before it has left. */
export interface Held {
  edge: EdgeRun;
  packet: StreamPacket;
  root: AckRoot | undefined;
}

/** Packets one call of `process` may emit beyond the room downstream; more needs an iterator. */
export const MAX_HELD = 65_536;
/** Below this many, taken entries are not worth moving the rest for. */
const COMPACT_FROM = 1_024;

/** What one producer holds, in the order it was emitted; `edge.held` counts the entries of each edge. */
export class HeldLine {
  #entries: Held[] = [];
  #taken = 0;

  get length(): number {
    return this.#entries.length - this.#taken;
  }

  push(edge: EdgeRun, packet: StreamPacket, root: AckRoot | undefined) {
    edge.held += 1;
    this.#entries.push({ edge, packet, root });
  }

  /** Shows everything in the line. */
  each(look: (packet: StreamPacket) => void) {
    for (let at = this.#taken; at < this.#entries.length; at++) look(this.#entries[at]!.packet);
  }

  /** Takes the oldest; the line must not be empty. */
  shift(): Held {
    const entry = this.#entries[this.#taken++]!;
    entry.edge.held -= 1;
    // Moving the rest only when it is the smaller half keeps a line of n at n moves in all.
    if (this.length === 0 || (this.#taken >= COMPACT_FROM && this.#taken > this.length)) {
      this.#entries = this.#entries.slice(this.#taken);
      this.#taken = 0;
    }
    return entry;
  }
}

export function tooMany({ id }: { id: string }): Error {
  return new Error(
    `node "${id}" emitted more than ${MAX_HELD} packets in one call beyond the room downstream: ` +
      "return an iterator, it is pulled as room allows",
  );
}
