import type { StreamPacket } from "../../packet/index.ts";
import type { QueueRow } from "../../store/index.ts";

/** Rows that were handed out, and whether their partition waits for them. */
export class UnderWay {
  readonly #rows = new Map<StreamPacket, QueueRow>();
  /** Kept by nodes: others of their partition have gone since. */
  readonly #passed = new Set<StreamPacket>();

  get size(): number {
    return this.#rows.size;
  }

  add(packet: StreamPacket, row: QueueRow) {
    this.#rows.set(packet, row);
  }

  get(packet: StreamPacket): QueueRow | undefined {
    return this.#rows.get(packet);
  }

  /** Nodes keep it. Gives its row the first time. */
  pass(packet: StreamPacket): QueueRow | undefined {
    const row = this.#passed.has(packet) ? undefined : this.#rows.get(packet);
    if (row !== undefined) this.#passed.add(packet);
    return row;
  }

  /** It is settled; `waits`: its partition has waited for it. */
  take(packet: StreamPacket): { row: QueueRow; waits: boolean } | undefined {
    const row = this.#rows.get(packet);
    this.#rows.delete(packet);
    const waits = !this.#passed.delete(packet);
    return row && { row, waits };
  }
}
