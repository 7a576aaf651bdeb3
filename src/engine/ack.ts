import type { PacketFailure } from "../node/index.ts";
import type { StreamPacket } from "../packet/index.ts";

/** Tells a source what became of a packet; without a failure all is done. */
export type Settle = (packet: StreamPacket, failure: PacketFailure | undefined) => void;

/**
 * Counts the living descendants of one source packet that its source waits for.
 *
 * Invariant: `pending` = copies in inboxes and hands + calls of `process` under way + 1 while the
 * source is still handing it out. At zero the source hears ack or nack, exactly once.
 */
export class AckRoot {
  readonly #packet: StreamPacket;
  readonly #settle: Settle;
  /** Its source tries a failed packet again and sets it aside by itself. */
  readonly keeps: boolean;
  #pending = 1;
  /** Keys that went over a durable edge, and how often. Nearly always there is one, once. */
  #copies: Map<string, number> | undefined;
  #failure: PacketFailure | undefined;

  constructor(packet: StreamPacket, settle: Settle, keeps = false) {
    this.#packet = packet;
    this.keeps = keeps;
    this.#settle = settle;
  }

  /** One more copy is under way. */
  add() {
    this.#pending += 1;
  }

  /** One copy is done: consumed by a sink, filtered on purpose, or replaced by its children. */
  done() {
    this.#pending -= 1;
    if (this.#pending === 0) this.#settle(this.#packet, this.#failure);
  }

  /** Counts a packet with `key` on its way over durable edge `edge`: 1 for the first. */
  copy(edge: number, key: string): number {
    this.#copies ??= new Map();
    const name = `${edge} ${key}`;
    const count = (this.#copies.get(name) ?? 0) + 1;
    this.#copies.set(name, count);
    return count;
  }

  /** One copy failed; the first reason is what the source hears. */
  fail(failure: PacketFailure) {
    this.#failure ??= failure;
    this.done();
  }
}
