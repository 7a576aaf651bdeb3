import type { Database } from "bun:sqlite";
import type { Clock } from "../base/clock.ts";
import { readAll } from "./pragma.ts";

/** A slice ends after so long or so many rows, whichever is first, and the queue goes on. */
const SLICE_MS = 5;
const SLICE_ROWS = 5_000;

/**
 * Reads every row of a file that is too large to be checked at open, a slice at a time.
 *
 * `PRAGMA quick_check` cannot be divided, and an exclusive file has no second connection that could run it meanwhile.
 * Reading the rows visits the same pages of the tables, so what is torn or zeroed is found; what this does not see is
 * the order within an index, which is found when it is used. What is in the rows has its checksum, looked at on lease.
 */
export class BackgroundCheck {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #tables: string[];
  #afterRow = Number.MIN_SAFE_INTEGER;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
    const sql = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND wr = 0 ORDER BY name";
    this.#tables = readAll<{ name: string }>(db, sql).map(({ name }) => name);
  }

  /** Does one slice; false when there is nothing left. Throws what SQLite throws at a damaged page. */
  next(): boolean {
    const table = this.#tables[0];
    if (table === undefined) return false;
    const untilMs = this.#clock.monotonicMs() + SLICE_MS;
    const statement = this.#db.prepare(
      `SELECT rowid AS row_id, * FROM "${table}" WHERE rowid > ? ORDER BY rowid LIMIT ?`,
    );
    let rows = 0;
    try {
      for (const row of statement.iterate(this.#afterRow, SLICE_ROWS)) {
        this.#afterRow = (row as { row_id: number }).row_id;
        rows += 1;
        if (this.#clock.monotonicMs() >= untilMs) return true;
      }
    } finally {
      statement.finalize();
    }
    if (rows < SLICE_ROWS) {
      this.#tables.shift();
      this.#afterRow = Number.MIN_SAFE_INTEGER;
    }
    return this.#tables.length > 0;
  }
}
