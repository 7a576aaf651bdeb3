import type { StreamPacket } from "../../packet/index.ts";
import type { QueueRow } from "../../store/index.ts";

/** Rows that were handed out, and whether their partition waits for them. */
export class UnderWay {
  readonly #rows = new Map<StreamPacket, QueueRow>();
  /** Kept by nodes: others of their partition have gone since. */
  readonly #kept = new Set<StreamPacket>();
  /** Of partitions of which nodes have kept a row: all that are handed out and not settled in the queue yet. */
  readonly #out = new Map<string, Set<number>>();
  /** Partitions of these rows. */
  readonly #partitions = new Map<number, string>();

  get size(): number {
    return this.#rows.size;
  }

  add(packet: StreamPacket, row: QueueRow) {
    this.#rows.set(packet, row);
    if (this.#out.has(row.partition)) this.#note(row);
  }

  get(packet: StreamPacket): QueueRow | undefined {
    return this.#rows.get(packet);
  }

  /** Nodes keep it. Gives its row the first time. */
  pass(packet: StreamPacket): QueueRow | undefined {
    const row = this.#kept.has(packet) ? undefined : this.#rows.get(packet);
    if (row === undefined) return undefined;
    this.#kept.add(packet);
    this.#note(row);
    return row;
  }

  /** It is settled; `waits`: its partition has waited for it. */
  take(packet: StreamPacket): { row: QueueRow; waits: boolean } | undefined {
    const row = this.#rows.get(packet);
    this.#rows.delete(packet);
    const waits = !this.#kept.delete(packet);
    return row && { row, waits };
  }

  /** Rows of its partition that do not come again though this one does: they went on when a node kept one of them. */
  beside({ partition }: QueueRow): readonly number[] {
    return [...(this.#out.get(partition) ?? [])];
  }

  /** The queue knows what became of the row. */
  readonly settled = ({ seq }: { seq: number }) => {
    const partition = this.#partitions.get(seq);
    if (partition === undefined) return;
    this.#partitions.delete(seq);
    const out = this.#out.get(partition)!;
    out.delete(seq);
    if (out.size === 0) this.#out.delete(partition);
  };

  #note({ seq, partition }: QueueRow) {
    const out = this.#out.get(partition) ?? new Set();
    this.#out.set(partition, out.add(seq));
    this.#partitions.set(seq, partition);
  }
}
