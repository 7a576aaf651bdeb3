import type { Database } from "bun:sqlite";
import { Graveyard } from "./graveyard.ts";
import { EXPIRED, HandingOut, rowOf } from "./handing_out.ts";
import { Intake } from "./intake.ts";
import { Keys } from "./keys.ts";
import { Leases } from "./leases.ts";
import { Ledger } from "./ledger.ts";
import { Line } from "./line.ts";
import type { Operation, OperationName, Results } from "./operation.ts";
import type { LeaseRequest, QueueOptions, QueueRow } from "./queue.ts";
import { BYTES, checksum, ROW, type StoredRow } from "./row.ts";
import { Settling } from "./settling.ts";
import { handOver, takeOver } from "./take_over.ts";
import { verifyRows } from "./verify.ts";

/** Rows that expire in one transaction; more wait for the next, so that none is long. */
const EXPIRE_ROWS = 256;
/** Rows looked at by one statement for that. Most times the first one is young, and the last that is looked at. */
const AGED_ROWS = 32;

interface First {
  seq: number;
  enqueued_ms: number;
}

/**
 * The rules of a queue, on one file. Synchronous: `begin`, any number of operations, `commit` or `rollback`; nothing
 * an operation did counts before the commit. Invariant: `totals` is changed in the transaction that changes the rows,
 * so given = waiting + dead + done; {@link verifyRows} counts again.
 */
export class SqliteQueue {
  readonly #ledger: Ledger;
  readonly #keys: Keys;
  readonly #leases: Leases;
  readonly #line: Line;
  readonly #graveyard: Graveyard;
  readonly #intake: Intake;
  readonly #settling: Settling;
  #handing: HandingOut | undefined;

  constructor(file: string, db: Database, options: QueueOptions, nowMs: number) {
    this.#ledger = new Ledger(db, options);
    this.#keys = new Keys(this.#ledger);
    this.#leases = new Leases(this.#ledger);
    const isOut = (seq: number) => this.#leases.has(seq) || this.#handing?.seen.has(seq) === true;
    this.#line = new Line(this.#ledger, this.#ledger.totals.given, isOut);
    this.#graveyard = new Graveyard(this.#ledger, this.#keys);
    const [ledger, keys, leases, line] = [this.#ledger, this.#keys, this.#leases, this.#line];
    const parts = { ledger, keys, leases, line, graveyard: this.#graveyard };
    this.#intake = new Intake(file, parts);
    this.#settling = new Settling(parts);
    try {
      this.begin(nowMs);
      takeOver(this.#ledger);
      this.#keys.clamp();
      this.commit();
    } catch (error) {
      // Its statements would keep the file locked.
      this.release();
      throw error;
    }
  }

  get totals() {
    return this.#ledger.totals;
  }

  get options() {
    return this.#ledger.options;
  }

  get leased(): number {
    return this.#leases.size;
  }

  get oldestMs(): number | undefined {
    if (this.totals.waiting === 0) return undefined;
    return this.#ledger.sql.get<{ enqueued_ms: number }>(OLDEST)?.enqueued_ms;
  }

  /** When something changes by itself: a delay or a lease ends. */
  get dueMs(): number | undefined {
    const times = [this.#line.nextDueMs, this.#leases.nextExpiryMs].filter((ms) => ms !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** IMMEDIATE: the write lock is taken at the beginning, so nothing fails half way for want of it. */
  begin(nowMs: number) {
    this.#ledger.begin(nowMs);
    this.#ledger.sql.run("BEGIN IMMEDIATE");
  }

  commit() {
    if (this.totals.waiting === 0) this.totals.largest = 0;
    this.#ledger.save();
    this.#ledger.sql.run("COMMIT");
    this.#leases.commit();
  }

  /** What SQLite undid by itself, after some errors, is not undone again. */
  rollback(inTransaction: boolean) {
    if (inTransaction) this.#ledger.sql.run("ROLLBACK");
    this.#ledger.rollback();
    this.#leases.rollback();
    this.#line.reset();
  }

  /** Goes on with another connection. Rows that are still there stay with those who have them. */
  move(db: Database, nowMs: number) {
    this.#ledger.move(db);
    this.begin(nowMs);
    this.#leases.keep((seq) => this.#ledger.sql.get("SELECT 1 FROM packets WHERE seq = ?", seq) !== null);
    this.commit();
    this.#line.reset();
  }

  /** The last transaction: every lease ends. */
  handOver(nowMs: number) {
    if (this.leased === 0) return;
    this.begin(nowMs);
    handOver(this.#ledger);
    this.commit();
  }

  /** Ends the statements: one that is left keeps the file locked after its database is closed. */
  release() {
    this.#ledger.sql.finalize();
  }

  apply(operation: Operation): Results[OperationName] {
    switch (operation.op) {
      case "enqueue":
        return this.#intake.enqueue(operation.entries);
      case "lease":
        return this.#lease(operation.request);
      case "ack":
        return this.#settling.ack(operation.leases);
      case "nack":
        return this.#settling.nack(operation.failures);
      case "release":
        return this.#settling.release(operation.leases);
      case "clear":
        this.#leases.clearOf(operation.leases);
        return undefined;
      case "set_aside":
        for (const letter of operation.letters) this.#graveyard.add(letter);
        return undefined;
      case "revive":
        return operation.seqs.filter((seq) => this.#revive(seq, operation.partition)).length;
      case "purge":
        return operation.seqs.filter((seq) => this.#purge(operation.which, seq)).length;
      case "scan":
        return this.#scan(operation.afterSeq, operation.count);
      case "dead":
        return this.#graveyard.list(operation.afterSeq, operation.count);
      case "verify":
        return verifyRows(this.#ledger.sql, this.totals);
      case "limit":
        Object.assign(this.#ledger.options, operation.options);
        return undefined;
      default:
        return undefined;
    }
  }

  /**
   * Sets rows aside that are too old and that nobody asks for. Gives when to look again: when the first young row is
   * old. Rows that are out are passed over; when such come back, `back` has them looked at in the next round.
   */
  expireOld(back: boolean): number | undefined {
    const { nowMs, options } = this.#ledger;
    if (options.maxAgeMs === undefined) return undefined;
    const next = this.#expire(nowMs - options.maxAgeMs);
    const dueMs = next === undefined ? Number.POSITIVE_INFINITY : Math.max(nowMs + 1, next + options.maxAgeMs);
    const soonest = back ? nowMs + 1 : dueMs;
    return soonest === Number.POSITIVE_INFINITY ? undefined : soonest;
  }

  /** Rows from until `untilMs`. Gives the time of the first row that was not looked at to the end. */
  #expire(untilMs: number): number | undefined {
    let [afterSeq, count] = [0, 0];
    for (;;) {
      const rows = this.#ledger.sql.all<First>(FIRST, afterSeq, AGED_ROWS);
      for (const { seq, enqueued_ms } of rows) {
        if (enqueued_ms > untilMs || count === EXPIRE_ROWS) return enqueued_ms;
        afterSeq = seq;
        if (this.#leases.has(seq)) continue;
        count += 1;
        this.#setOldAside(seq);
      }
      if (rows.length < AGED_ROWS) return undefined;
    }
  }

  #setOldAside(seq: number) {
    const { partition, bytes } = this.#ledger.sql.get<{ partition: string; bytes: number }>(OLD, seq)!;
    this.totals.expired += 1;
    this.#graveyard.bury(seq, bytes, { error: EXPIRED });
    this.#line.freed(partition);
  }

  #lease(request: Omit<LeaseRequest, "signal">): QueueRow[] {
    this.#settling.expireLeases();
    const parts = { ledger: this.#ledger, leases: this.#leases, line: this.#line, graveyard: this.#graveyard };
    this.#handing = new HandingOut(parts, request);
    const rows = this.#handing.run();
    this.#handing = undefined;
    return rows;
  }

  #revive(seq: number, partition: string | undefined): boolean {
    const letter = this.#graveyard.take(seq);
    if (letter !== undefined) this.#intake.revive(letter, seq, partition);
    return letter !== undefined;
  }

  #purge(which: "ready" | "dead", seq: number): boolean {
    if (which === "ready") return this.#settling.purge(seq);
    if (this.#graveyard.take(seq) === undefined) return false;
    this.#keys.drop(seq);
    this.totals.done += 1;
    return true;
  }

  #scan(afterSeq: number, count: number): QueueRow[] {
    return this.#ledger.sql.all<StoredRow>(SCAN, afterSeq, count).map((row) => {
      const lease = this.#leases.get(row.seq);
      const shown = rowOf(row, lease?.attempt ?? row.attempts, this.#line.isBacklog(row.seq));
      return row.crc === checksum(row) ? shown : { ...shown, damaged: true };
    });
  }
}

const OLDEST = "SELECT enqueued_ms FROM packets ORDER BY seq LIMIT 1";
/** Not the payloads: what is looked at is looked at in every commit. */
const FIRST = "SELECT seq, enqueued_ms FROM packets WHERE seq > ? ORDER BY seq LIMIT ?";
const OLD = `SELECT partition, ${BYTES} AS bytes FROM packets WHERE seq = ?`;
const SCAN = `SELECT ${ROW} FROM packets AS p LEFT JOIN tries AS t ON t.seq = p.seq
  WHERE p.seq > ? ORDER BY p.seq LIMIT ?`;
