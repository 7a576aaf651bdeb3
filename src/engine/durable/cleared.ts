import type { LeaseRef, Queue, QueueRow } from "../../store/index.ts";

/** So many may count as tries should the process end: a call for each would double the commits. */
const MAX_UNCLEARED = 1_024;

/**
 * Rows that stay out though nodes have seen them: they wait for a checkpoint, or a node keeps them. A crash from here on is
 * not theirs, and those behind a suspect need not wait until it is answered, which may take those behind it.
 */
export class Cleared {
  readonly #queue: Queue;
  #rows: LeaseRef[] = [];

  constructor(queue: Queue) {
    this.#queue = queue;
  }

  /** `last`: nothing else waits to be handed out. */
  add({ seq, attempt, backlog }: QueueRow, last: boolean) {
    this.#rows.push({ seq, attempt });
    // Of the backlog rows may be suspects, behind which nothing is handed out.
    if ((backlog && last) || this.#rows.length >= MAX_UNCLEARED) this.#clear();
  }

  /** The run ends: rows that are left count as tries. */
  drop() {
    this.#rows = [];
  }

  #clear() {
    const rows = this.#rows;
    this.#rows = [];
    // Should it fail, they count as tries, as any row that is out.
    void this.#queue.clear(rows).catch(() => {});
  }
}
