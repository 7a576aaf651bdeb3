import { type DoneRows, type Queue, type QueueRow, runsOf } from "../../store/index.ts";
import { Cleared } from "./cleared.ts";

/**
 * Rows of one outlet that may wait for a checkpoint: as many as a fast graph handles in a second. Each costs some 200
 * bytes in the two threads, 13 MB in all.
 */
const MAX_KEPT = 65_536;

type Kept = Pick<QueueRow, "seq" | "attempt" | "enqueuedMs">;

/** Rows that are done, and whose effects are in no checkpoint yet: they are acknowledged with the one that has them. */
export class KeptRows {
  readonly #name: string;
  readonly #queue: Queue;
  /** Hears that others wait for a checkpoint. */
  onUrgent: () => void;
  readonly #unlisten: () => void;
  #rows: Kept[] = [];
  /** In a checkpoint that is being written. */
  #cut: Kept[] = [];
  /** In a checkpoint, and their acks are not on the disk yet. */
  readonly #acking = new Map<number, Kept>();
  readonly #cleared: Cleared;

  constructor(name: string, queue: Queue, onUrgent: () => void) {
    this.#name = name;
    this.#queue = queue;
    this.#cleared = new Cleared(queue);
    this.onUrgent = onUrgent;
    this.#unlisten = queue.onChange(() => this.urgent && this.onUrgent());
  }

  /** Rows that are leased though nothing is under way with them. */
  get size(): number {
    return this.#rows.length + this.#cut.length + this.#acking.size;
  }

  /** Rows that no checkpoint has. */
  get waiting(): number {
    return this.#rows.length + this.#cut.length;
  }

  /** No more are taken before a checkpoint. */
  get full(): boolean {
    return this.waiting >= MAX_KEPT;
  }

  /** Others wait for them: the outlet, or those who fill the queue. */
  get urgent(): boolean {
    return this.full || (this.waiting > 0 && this.#queue.stats().full !== undefined);
  }

  /** `last`: nothing else waits to be handed out. */
  add(row: QueueRow, last: boolean) {
    const { seq, attempt, enqueuedMs } = row;
    this.#rows.push({ seq, attempt, enqueuedMs });
    this.#cleared.add(row, last);
    if (this.urgent) this.onUrgent();
  }

  /** What the checkpoint that is taken now has, with what earlier ones had and the queue file still has. */
  cut(): DoneRows | undefined {
    this.#cut = [...this.#cut, ...this.#rows];
    this.#rows = [];
    const all = [...this.#acking.values(), ...this.#cut];
    if (all.length === 0) return undefined;
    const newestMs = all.reduce((newest, { enqueuedMs }) => Math.max(newest, enqueuedMs), 0);
    return { queue: this.#name, runs: runsOf(all.map(({ seq }) => seq)), newestMs };
  }

  /** The checkpoint is on the disk: gives the rows to acknowledge. */
  committed(): readonly Kept[] {
    const rows = this.#cut;
    this.#cut = [];
    for (const row of rows) this.#acking.set(row.seq, row);
    return rows;
  }

  acked({ seq }: { seq: number }) {
    this.#acking.delete(seq);
  }

  /** The run ends: rows that no checkpoint has come again. */
  drop(): readonly Kept[] {
    this.#unlisten();
    const rows = [...this.#cut, ...this.#rows];
    this.#cut = [];
    this.#rows = [];
    this.#cleared.drop();
    return rows;
  }
}
