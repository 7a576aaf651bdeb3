import type { DoneRows, LeaseRef, Queue, QueueRow } from "../../store/index.ts";
import { Cleared } from "./cleared.ts";
import { KeptRows } from "./kept_rows.ts";
import type { Patience } from "./patience.ts";
import { Settling, type SettlingEvents } from "./settling.ts";

/** Rows of one outlet that are done, on their way out of the queue: at once, or with the checkpoint that has what they did. */
export class Acks {
  readonly #settling: Settling<LeaseRef>;
  readonly #name: string;
  readonly #queue: Queue;
  /** Rows that nodes hold. */
  readonly #held: Cleared;
  /** Undefined when no checkpoint is about them. */
  #kept: KeptRows | undefined;

  constructor(name: string, queue: Queue, patience: Patience, events: Required<SettlingEvents<LeaseRef>>) {
    this.#name = name;
    this.#queue = queue;
    this.#held = new Cleared(queue);
    this.#settling = new Settling((leases) => queue.ack(leases), patience, {
      onSettled: (lease, result) => {
        this.#kept?.acked(lease);
        events.onSettled(lease, result);
      },
      onWritten: events.onWritten,
    });
  }

  /** From now on rows wait for a checkpoint; `onUrgent`: and others for them. */
  keepBack(onUrgent: () => void) {
    if (this.#kept === undefined) this.#kept = new KeptRows(this.#name, this.#queue, onUrgent);
    else this.#kept.onUrgent = onUrgent;
  }

  /** No checkpoint is about them any more. */
  keepNone() {
    for (const row of this.#kept?.drop() ?? []) this.#settling.add(row);
    this.#kept = undefined;
  }

  /** No call is under way. */
  get idle(): boolean {
    return this.#settling.idle;
  }

  /** Rows that are leased though nothing is under way with them. */
  get kept(): number {
    return this.#kept?.size ?? 0;
  }

  /** Rows that no checkpoint on the disk has. */
  get waiting(): number {
    return this.#kept?.waiting ?? 0;
  }

  get full(): boolean {
    return this.#kept?.full ?? false;
  }

  get urgent(): boolean {
    return this.#kept?.urgent ?? false;
  }

  /** `last`: no other row waits to be handed out. */
  add(row: QueueRow, last: boolean) {
    if (this.#kept === undefined) this.#settling.add(row);
    else this.#kept.add(row, last);
  }

  /** It is not done: nodes hold it. `last`: no other row waits to be handed out. */
  held(row: QueueRow, last: boolean) {
    this.#held.add(row, last);
  }

  /** A checkpoint is taken now: the rows that it has, if any. */
  cut(): DoneRows | undefined {
    return this.#kept?.cut();
  }

  /** That checkpoint is on the disk. */
  committed() {
    for (const row of this.#kept?.committed() ?? []) this.#settling.add(row);
  }

  /** The run ends: rows that no checkpoint has. */
  drop(): readonly LeaseRef[] {
    this.#held.drop();
    return this.#kept?.drop() ?? [];
  }

  flush(): Promise<void> {
    return this.#settling.flush();
  }
}
