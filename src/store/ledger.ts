import type { Database } from "bun:sqlite";
import type { QueueOptions } from "./queue.ts";
import { type Statements, statements } from "./statements.ts";

/** Counts of a queue, as the one row of `totals` has them. */
export interface Totals {
  given: number;
  waiting: number;
  bytes: number;
  /** Bytes of the largest row since the queue was empty. */
  largest: number;
  dead: number;
  dead_bytes: number;
  done: number;
  remembered: number;
  damaged: number;
  dropped_oldest: number;
  expired: number;
  dead_dropped: number;
}

/**
 * What the parts of a queue share: the statements of its file, the time of the transaction, and the counts.
 *
 * Invariant: between transactions `totals` is what the file says. Within one it runs ahead, and `save` writes it.
 */
export class Ledger {
  sql: Statements;
  readonly options: QueueOptions;
  nowMs = 0;
  totals: Totals;
  #before: Totals;

  constructor(db: Database, options: QueueOptions) {
    this.sql = statements(db);
    this.options = options;
    this.totals = this.#load();
    this.#before = { ...this.totals };
  }

  /** Goes on with another connection to the file. */
  move(db: Database) {
    this.sql = statements(db);
    this.totals = this.#load();
  }

  begin(nowMs: number) {
    this.nowMs = nowMs;
    this.#before = { ...this.totals };
  }

  /** Part of the transaction that changed the rows. */
  save() {
    const { totals } = this;
    if (NAMES.every((name) => totals[name] === this.#before[name])) return;
    this.sql.run(SAVE, ...NAMES.map((name) => totals[name]));
  }

  rollback() {
    this.totals = { ...this.#before };
  }

  #load(): Totals {
    return this.sql.get<Totals>(`SELECT ${NAMES.join(", ")} FROM totals`)!;
  }
}

const NAMES = [
  ...["given", "waiting", "bytes", "largest", "dead", "dead_bytes", "done", "remembered", "damaged", "dropped_oldest"],
  ...["expired", "dead_dropped"],
] as (keyof Totals)[];
const SAVE = `UPDATE totals SET ${NAMES.map((name) => `${name} = ?`).join(", ")}`;
