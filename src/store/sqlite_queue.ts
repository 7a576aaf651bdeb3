import type { Database } from "bun:sqlite";
import { MAX_DELAY_MS, MAX_REMEMBERED } from "./bounds.ts";
import type { QueueEntry } from "./entry.ts";
import { inTransaction } from "./error.ts";
import type { DeadEntry, DeadRow, Enqueued, Failure, LeaseRef, QueueOptions, QueueRow, Settled } from "./queue.ts";
import { checksum, ROW, type StoredRow } from "./row.ts";
import { type Statements, statements } from "./statements.ts";
import { verifyRows } from "./verify.ts";

export interface SqliteQueueOptions extends Pick<QueueOptions, "maxAttempts" | "rememberMs"> {
  /** Its path, for messages. */
  file: string;
  /** Time as {@link queueClock} tells it. */
  now(): number;
  /** Closes the file. */
  onClose(): void;
}

/**
 * A queue in a file of our own.
 *
 * It runs in the thread that calls it: a call waits for the disk. Invariant: `totals` is changed in the transaction
 * that changes the rows, so enqueued = rows waiting or leased + dead + acked; {@link verify} counts again.
 */
export class SqliteQueue {
  readonly #db: Database;
  readonly #sql: Statements;
  readonly #options: SqliteQueueOptions;
  #open = true;
  #calls = 0;

  constructor(db: Database, options: SqliteQueueOptions) {
    this.#db = db;
    this.#sql = statements(db);
    this.#options = options;
    this.#commit(() => this.#takeOver());
  }

  /** Changes bounds; those left out stay. */
  limit({ maxAttempts, rememberMs }: Partial<QueueOptions>) {
    if (maxAttempts !== undefined) this.#options.maxAttempts = maxAttempts;
    if (rememberMs !== undefined) this.#options.rememberMs = rememberMs;
  }

  enqueue(entries: readonly QueueEntry[]): Enqueued[] {
    return this.#commit((nowMs) => {
      this.#forget(nowMs);
      const results = entries.map((entry) => this.#insert(entry, nowMs));
      this.#sql.run("UPDATE totals SET enqueued = enqueued + ?", results.filter(({ duplicate }) => !duplicate).length);
      return results;
    });
  }

  lease(count: number, holder: string, leaseMs: number): QueueRow[] {
    return this.#commit((nowMs) => {
      this.#sql.run(EXPIRE, nowMs);
      const untilMs = Math.min(nowMs + leaseMs, Number.MAX_SAFE_INTEGER);
      const leased: QueueRow[] = [];
      // Rows that turn out bad make room for the next, so a batch of them hides no good one.
      for (let found = true; found && leased.length < count; ) {
        const rows = this.#sql.all<StoredRow>(READY, nowMs, count - leased.length);
        found = rows.length > 0;
        for (const row of rows) {
          if (this.#setBadAside(row, nowMs)) continue;
          this.#sql.run(LEASE, holder, untilMs, row.seq);
          leased.push(rowOf(row, row.attempts + 1));
        }
      }
      return leased;
    });
  }

  ack(leases: readonly LeaseRef[]): Settled[] {
    return this.#commit((nowMs) => {
      const results = leases.map((lease) => this.#settle(lease, nowMs, (row) => this.#done(row, nowMs)));
      this.#sql.run("UPDATE totals SET acked = acked + ?", results.filter((result) => result === "done").length);
      this.#forget(nowMs);
      return results;
    });
  }

  nack(failures: readonly Failure[]): Settled[] {
    return this.#commit((nowMs) =>
      failures.map((failure) => this.#settle(failure, nowMs, (row) => this.#failed(row, failure, nowMs))),
    );
  }

  release(leases: readonly LeaseRef[]): Settled[] {
    return this.#commit((nowMs) =>
      leases.map((lease) => this.#settle(lease, nowMs, ({ seq }) => this.#sql.run(RELEASE, seq))),
    );
  }

  depth() {
    const { enqueued, acked, dead } = this.#sql.get<{ enqueued: number; acked: number; dead: number }>(TOTALS)!;
    const leased = this.#sql.get<{ n: number }>(LEASED)!.n;
    return { ready: enqueued - acked - dead - leased, leased, dead };
  }

  scan(afterSeq: number, count: number): QueueRow[] {
    return this.#sql.all<StoredRow>(SCAN, afterSeq, count).map((row) => rowOf(row, row.attempts));
  }

  dead(afterSeq: number, count: number): DeadRow[] {
    return this.#sql
      .all<StoredRow & { error: string; first_failed_ms: number; last_failed_ms: number }>(DEAD, afterSeq, count)
      .map((row) => ({
        ...rowOf(row, row.attempts),
        ...{ node: "", port: "", error: row.error, stack: "", attempts: row.attempts },
        firstFailedMs: row.first_failed_ms,
        lastFailedMs: row.last_failed_ms,
      }));
  }

  setAside(letters: readonly DeadEntry[]) {
    this.#commit((nowMs) => {
      for (const letter of letters) {
        const { seq, duplicate } = this.#insert(letter, nowMs);
        if (!duplicate) this.#bury({ seq } as StoredRow, letter.error, nowMs);
      }
      const { last } = this.#sql.get<{ last: number }>("SELECT max(seq) AS last FROM dead_letters")!;
      this.#sql.run("UPDATE totals SET enqueued = max(enqueued, ?)", last ?? 0);
    });
  }

  revive(seqs: readonly number[]): number {
    return this.#commit((nowMs) => seqs.filter((seq) => this.#revive(seq, nowMs)).length);
  }

  #revive(seq: number, nowMs: number): boolean {
    const row = this.#sql.get<StoredRow>("SELECT * FROM dead_letters WHERE seq = ?", seq);
    if (row === null) return false;
    this.#sql.run("DELETE FROM dead_letters WHERE seq = ?", seq);
    this.#insert({ ...row, partition: "" }, nowMs);
    this.#sql.run("UPDATE totals SET dead = dead - 1, enqueued = enqueued + 1, acked = acked + 1");
    return true;
  }

  purge(which: "ready" | "dead", seqs: readonly number[]): number {
    return this.#commit(() => {
      const remove =
        which === "dead"
          ? "DELETE FROM dead_letters WHERE seq = ?"
          : "DELETE FROM packets WHERE seq = ? AND lease_until_ms IS NULL";
      const found = seqs.filter((seq) => this.#sql.run(remove, seq) > 0).length;
      this.#sql.run(`UPDATE totals SET acked = acked + ?1, dead = dead - ${which === "dead" ? "?1" : "0"}`, found);
      return found;
    });
  }

  verify(): string[] {
    return verifyRows(this.#sql);
  }

  close() {
    if (!this.#open) return;
    this.#open = false;
    this.#sql.finalize();
    this.#options.onClose();
  }

  /** IMMEDIATE: the write lock is taken at the beginning, so nothing fails half way for want of it. */
  #commit<Result>(work: (nowMs: number) => Result): Result {
    const nowMs = this.#options.now();
    return inTransaction(this.#options.file, () => this.#db.transaction(() => work(nowMs)).immediate());
  }

  /** The file has one owner at a time, so whoever held a lease before is gone. */
  #takeOver() {
    const nowMs = this.#options.now();
    this.#sql.run("UPDATE packets SET holder = NULL, lease_until_ms = NULL WHERE lease_until_ms IS NOT NULL");
    this.#sql.run("UPDATE packets SET not_before_ms = ?1 WHERE not_before_ms > ?1", nowMs + MAX_DELAY_MS);
    this.#sql.run("UPDATE remembered_keys SET acked_ms = ?1 WHERE acked_ms > ?1", nowMs);
  }

  #insert(entry: QueueEntry, nowMs: number): Enqueued {
    const { key, packet_id, ts, kind, source_id, payload, meta } = entry;
    const known = this.#sql.get<{ seq: number }>(KNOWN, key);
    if (known !== null) return { seq: known.seq, duplicate: true };
    const values = [key, nowMs, packet_id, ts, kind, source_id, payload, meta, checksum(entry)] as const;
    return { seq: this.#sql.insert(INSERT, ...values), duplicate: false };
  }

  /** A damaged row, or one whose last attempt neither succeeded nor failed, which means it took the process along. */
  #setBadAside(row: StoredRow, nowMs: number): boolean {
    const error =
      row.crc === checksum(row)
        ? row.attempts >= this.#options.maxAttempts
          ? `given up after ${row.attempts} attempts, the last without an answer`
          : undefined
        : "the row is damaged: its checksum does not match";
    if (error !== undefined) this.#bury(row, error, nowMs);
    return error !== undefined;
  }

  #settle({ seq, attempt }: LeaseRef, nowMs: number, act: (row: StoredRow) => void): Settled {
    const row = this.#sql.get<StoredRow>(ONE, seq);
    if (row === null) return "missing";
    const held = row.lease_until_ms !== null && row.lease_until_ms > nowMs && row.attempts === attempt;
    if (attempt !== undefined && !held) return "lost";
    act(row);
    return "done";
  }

  #done({ seq, key }: StoredRow, nowMs: number) {
    this.#sql.run(REMOVE, seq);
    this.#sql.run("INSERT OR REPLACE INTO remembered_keys (key, seq, acked_ms) VALUES (?, ?, ?)", key, seq, nowMs);
  }

  #failed(row: StoredRow, { reason, delayMs }: Failure, nowMs: number) {
    if (row.attempts >= this.#options.maxAttempts) return this.#bury(row, reason, nowMs);
    const notBeforeMs = nowMs + Math.min(Math.max(0, Math.ceil(delayMs)), MAX_DELAY_MS);
    this.#sql.run(FAILED, notBeforeMs, nowMs, reason, row.seq);
  }

  #bury({ seq }: StoredRow, error: string, nowMs: number) {
    this.#sql.run(BURY, nowMs, error, seq);
    this.#sql.run(REMOVE, seq);
    this.#sql.run("UPDATE totals SET dead = dead + 1");
  }

  /** Forgets keys past the window, and the oldest beyond the bound; looking for those costs, so it is done now and then. */
  #forget(nowMs: number) {
    this.#sql.run("DELETE FROM remembered_keys WHERE acked_ms <= ?", nowMs - this.#options.rememberMs);
    this.#calls += 1;
    if (this.#calls % BOUND_EVERY === 0) this.#sql.run(OVERFLOWED, MAX_REMEMBERED);
  }
}

/** Calls between two looks at the number of remembered keys, which takes some 10 ms at the bound. */
const BOUND_EVERY = 10_000;

function rowOf(row: StoredRow, attempt: number): QueueRow {
  const { seq, key, packet_id, ts, kind, source_id, payload, meta, enqueued_ms } = row;
  const fields = { key, packet_id, ts, kind, source_id, payload, meta, partition: "" };
  return { seq, ...fields, attempt, enqueuedMs: enqueued_ms, backlog: false };
}

const KNOWN = `SELECT seq FROM packets WHERE key = ?1 UNION ALL SELECT seq FROM remembered_keys WHERE key = ?1
  UNION ALL SELECT seq FROM dead_letters WHERE key = ?1 LIMIT 1`;
const INSERT = `INSERT INTO packets (key, enqueued_ms, packet_id, ts, kind, source_id, payload, meta, crc)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const EXPIRE = "UPDATE packets SET holder = NULL, lease_until_ms = NULL WHERE lease_until_ms <= ?";
const READY = `SELECT ${ROW} FROM packets WHERE lease_until_ms IS NULL AND not_before_ms <= ? ORDER BY seq LIMIT ?`;
const LEASE = "UPDATE packets SET attempts = attempts + 1, holder = ?, lease_until_ms = ? WHERE seq = ?";
const RELEASE = "UPDATE packets SET attempts = attempts - 1, holder = NULL, lease_until_ms = NULL WHERE seq = ?";
const ONE = `SELECT ${ROW} FROM packets WHERE seq = ?`;
const REMOVE = "DELETE FROM packets WHERE seq = ?";
const FAILED = `UPDATE packets SET holder = NULL, lease_until_ms = NULL, not_before_ms = ?1,
  first_failed_ms = coalesce(first_failed_ms, ?2), last_error = ?3 WHERE seq = ?4`;
const BURY = `INSERT INTO dead_letters (seq, key, enqueued_ms, packet_id, ts, kind, source_id, payload, meta, crc,
    attempts, first_failed_ms, last_failed_ms, error)
  SELECT seq, key, enqueued_ms, packet_id, ts, kind, source_id, payload, meta, crc,
    attempts, coalesce(first_failed_ms, ?1), ?1, ?2 FROM packets WHERE seq = ?3`;
const TOTALS = "SELECT enqueued, acked, dead FROM totals";
const LEASED = "SELECT count(*) AS n FROM packets WHERE lease_until_ms IS NOT NULL";
const SCAN = `SELECT ${ROW} FROM packets WHERE seq > ? ORDER BY seq LIMIT ?`;
const DEAD = `SELECT seq, key, enqueued_ms, packet_id, ts, kind, source_id, payload, meta, crc, attempts, error,
  first_failed_ms, last_failed_ms FROM dead_letters WHERE seq > ? ORDER BY seq LIMIT ?`;
const OVERFLOWED = `DELETE FROM remembered_keys WHERE acked_ms <=
  (SELECT acked_ms FROM remembered_keys ORDER BY acked_ms DESC LIMIT 1 OFFSET ?)`;
