import type { PooledSlot } from "../../media/index.ts";
import type { StreamPacket } from "../../packet/index.ts";

/** The slots under packets that are on their way through the graph. A source gives each back in `ack` or `nack`. */
export class HeldSlots {
  readonly #slots = new Map<StreamPacket, PooledSlot>();
  #released = () => {};

  get size(): number {
    return this.#slots.size;
  }

  hold(packet: StreamPacket, slot: PooledSlot): void {
    this.#slots.set(packet, slot);
  }

  /** All that came of the packet is done. */
  readonly release = (packet: StreamPacket): void => {
    this.#slots.get(packet)?.release();
    this.#slots.delete(packet);
    this.#released();
  };

  /** Resolves when fewer than `most` are held, or `signal` aborts. For one who waits at a time. */
  async below(most: number, signal: AbortSignal): Promise<void> {
    while (this.size >= most && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#released = resolve;
      signal.addEventListener("abort", this.#released, { once: true });
      await promise;
      signal.removeEventListener("abort", this.#released);
    }
  }
}
