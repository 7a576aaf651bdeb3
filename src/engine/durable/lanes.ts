import type { QueueRow } from "../../store/index.ts";

interface Lane {
  rows: QueueRow[];
  /** Rows before this one were handed out. */
  taken: number;
  /** One of its rows is under way. */
  busy: boolean;
  /** It stands in the line of lanes that may give a row. */
  queued: boolean;
}

/**
 * Leased rows that were not handed out yet, one lane per partition.
 *
 * In order: of one partition a row leaves when the one before it is done. Invariant: a lane is in `#line` exactly when
 * it has rows and none under way, so the next row is found without a search.
 */
export class Lanes {
  size = 0;
  readonly #ordered: boolean;
  readonly #lanes = new Map<string, Lane>();
  #line: Lane[] = [];
  #first = 0;

  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  add(row: QueueRow) {
    const name = this.#ordered ? row.partition : "";
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = { rows: [], taken: 0, busy: false, queued: false };
      this.#lanes.set(name, lane);
    }
    lane.rows.push(row);
    this.size += 1;
    this.#enter(lane);
  }

  /** The next row that may be handed out. In order, its partition gives no other until {@link free}. */
  next(): QueueRow | undefined {
    const lane = this.#line[this.#first];
    if (lane === undefined) return undefined;
    this.#first += 1;
    if (this.#first === this.#line.length) {
      this.#line = [];
      this.#first = 0;
    }
    lane.queued = false;
    const row = lane.rows[lane.taken++]!;
    this.size -= 1;
    if (lane.taken === lane.rows.length) {
      lane.rows = [];
      lane.taken = 0;
    }
    lane.busy = this.#ordered;
    this.#enter(lane);
    return row;
  }

  /** The row of this partition that was under way is settled. */
  free(partition: string) {
    const lane = this.#lanes.get(this.#ordered ? partition : "");
    if (lane === undefined) return;
    lane.busy = false;
    this.#enter(lane);
    // Partitions may be without number (one per robot, one per order), so an empty lane is forgotten.
    if (this.#ordered && lane.rows.length === 0) this.#lanes.delete(partition);
  }

  /** Takes away what waits of a partition: the row before it comes again first. */
  drop(partition: string): QueueRow[] {
    const lane = this.#lanes.get(partition);
    if (!this.#ordered || lane === undefined) return [];
    const rows = lane.rows.slice(lane.taken);
    lane.rows = [];
    lane.taken = 0;
    this.size -= rows.length;
    return rows;
  }

  /** Takes away everything. */
  clear(): QueueRow[] {
    const rows = [...this.#lanes.values()].flatMap((lane) => lane.rows.slice(lane.taken));
    this.#lanes.clear();
    this.#line = [];
    this.#first = 0;
    this.size = 0;
    return rows;
  }

  #enter(lane: Lane) {
    if (lane.queued || lane.busy || lane.rows.length === 0) return;
    lane.queued = true;
    this.#line.push(lane);
  }
}
