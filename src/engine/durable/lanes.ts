import type { QueueRow } from "../../store/index.ts";

interface Lane {
  rows: QueueRow[];
  /** Rows before this one were handed out. */
  taken: number;
  /** Rows that others wait for: the one under way, and those whose failure is being written. */
  busy: number;
  /** It stands in the line of lanes that may give a row. */
  queued: boolean;
}

/**
 * Leased rows that were not handed out yet, one lane per partition.
 *
 * In order: of one partition a row leaves when the one before it is done. Invariant: a lane is in `#line` when it has rows
 * and waits for none, so the next row is found without a search; one that changed there is passed over.
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
    const lane = this.#lane(row.partition);
    lane.rows.push(row);
    this.size += 1;
    this.#enter(lane);
  }

  /** The next row that may be handed out. In order, its partition gives no other until {@link free}. */
  next(): QueueRow | undefined {
    const lane = this.#nextLane();
    if (lane === undefined) return undefined;
    const row = lane.rows[lane.taken++]!;
    this.size -= 1;
    if (lane.taken === lane.rows.length) {
      lane.rows = [];
      lane.taken = 0;
    }
    if (this.#ordered) lane.busy += 1;
    this.#enter(lane);
    return row;
  }

  /** In order: its partition gives no other row until {@link free} is called once more. */
  hold(partition: string) {
    if (this.#ordered) this.#lane(partition).busy += 1;
  }

  /** A row of this partition that others have waited for is settled. */
  free(partition: string) {
    const lane = this.#lane(partition);
    if (this.#ordered) lane.busy -= 1;
    this.#enter(lane);
    // Partitions may be without number (one per robot, one per order), so an empty lane is forgotten.
    if (this.#ordered && lane.busy === 0 && lane.rows.length === 0) this.#lanes.delete(partition);
  }

  /** Takes away what waits of a partition, all but `beside`: the row before it comes again first. */
  drop(partition: string, beside: readonly number[]) {
    const lane = this.#lanes.get(partition);
    if (!this.#ordered || lane === undefined) return;
    const rows = lane.rows.slice(lane.taken);
    lane.rows = rows.filter(({ seq }) => beside.includes(seq));
    lane.taken = 0;
    this.size -= rows.length - lane.rows.length;
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

  #lane(partition: string): Lane {
    const name = this.#ordered ? partition : "";
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = { rows: [], taken: 0, busy: 0, queued: false };
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  /** The lane at the front of the line that still may give a row. */
  #nextLane(): Lane | undefined {
    for (;;) {
      const lane = this.#line[this.#first];
      if (lane === undefined) return undefined;
      this.#first += 1;
      if (this.#first === this.#line.length) {
        this.#line = [];
        this.#first = 0;
      }
      lane.queued = false;
      if (lane.rows.length > 0 && lane.busy === 0) return lane;
    }
  }

  #enter(lane: Lane) {
    if (lane.queued || lane.busy > 0 || lane.rows.length === 0) return;
    lane.queued = true;
    this.#line.push(lane);
  }
}
