import type { StreamPacket } from "../packet/index.ts";

/**
 * Counts the living descendants of one source packet that its source waits for.
 *
 * Invariant: `pending` = copies in inboxes and hands + calls of `process` under way + 1 while the
 * source is still handing it out. At zero the source hears ack or nack, exactly once.
 */
export class AckRoot {
  readonly #packet: StreamPacket;
  readonly #settle: (packet: StreamPacket, failure: string | undefined) => void;
  #pending = 1;
  #failure: string | undefined;

  constructor(packet: StreamPacket, settle: (packet: StreamPacket, failure: string | undefined) => void) {
    this.#packet = packet;
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

  /** One copy failed; the first reason is what the source hears. */
  fail(reason: string) {
    this.#failure ??= reason;
    this.done();
  }
}
