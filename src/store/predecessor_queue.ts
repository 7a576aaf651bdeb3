import { Database } from "bun:sqlite";
import * as path from "node:path";
import type { QueueEntry } from "./entry.ts";
import { inTransaction, StoreError } from "./error.ts";
import { checkPredecessor, INSERT, LAYOUT, type OldRow, rowOf } from "./predecessor_layout.ts";
import type { Enqueued, LeaseRef, QueueRow, Settled } from "./queue.ts";
import { makeFolder, refusal } from "./refusal.ts";
import { type Statements, statements } from "./statements.ts";

/**
 * Longest wait for another process that is writing. The predecessor waited 30 s; the wait holds up the whole run,
 * and a commit takes milliseconds.
 */
const BUSY_MS = 5_000;

/**
 * A queue in a file of the predecessor, in its layout: it can go on with the file afterwards, and several processes
 * may share it, as they did. There are no leases, attempts or dead letters in such a file; a key is forgotten with
 * its row.
 */
export class PredecessorQueue {
  readonly #db: Database;
  readonly #sql: Statements;
  readonly #file: string;
  readonly #now: () => number;
  /** Where each reader is; a row is given to it once per run, so one that fails holds up no other. */
  readonly #readTo = new Map<string, number>();
  #open = true;

  constructor(file: string, now: () => number) {
    this.#db = openPredecessor(file);
    this.#sql = statements(this.#db);
    this.#file = file;
    this.#now = now;
  }

  enqueue(entries: readonly QueueEntry[]): Enqueued[] {
    const enqueuedAt = new Date(this.#now()).toISOString().replace("Z", "000+00:00");
    return this.#commit(() => entries.map((entry) => this.#insert(entry, enqueuedAt)));
  }

  lease(count: number, holder: string): QueueRow[] {
    const rows = this.scan(this.#readTo.get(holder) ?? 0, count);
    const last = rows.at(-1);
    if (last !== undefined) this.#readTo.set(holder, last.seq);
    return rows;
  }

  ack(leases: readonly LeaseRef[]): Settled[] {
    return this.#commit(() =>
      leases.map(({ seq }) => (this.#sql.run("DELETE FROM packets WHERE seq = ?", seq) > 0 ? "done" : "missing")),
    );
  }

  depth() {
    return { ready: this.#sql.get<{ n: number }>("SELECT count(*) AS n FROM packets")!.n, leased: 0, dead: 0 };
  }

  scan(afterSeq: number, count: number): QueueRow[] {
    return this.#sql.all<OldRow>(LAYOUT.scan, afterSeq, count).map(rowOf);
  }

  close() {
    if (!this.#open) return;
    this.#open = false;
    this.#sql.finalize();
    this.#db.close();
  }

  #insert({ key, packet_id, ts, kind, source_id, payload, meta }: QueueEntry, enqueuedAt: string): Enqueued {
    const written = this.#sql.run(INSERT, enqueuedAt, key, packet_id, ts, kind, source_id, payload, meta);
    const { seq } = this.#sql.get<{ seq: number }>("SELECT seq FROM packets WHERE idempotency_key = ?", key)!;
    return { seq, duplicate: written === 0 };
  }

  #commit<Result>(work: () => Result): Result {
    return inTransaction(this.#file, () => this.#db.transaction(work).immediate());
  }
}

function openPredecessor(file: string): Database {
  makeFolder(path.dirname(file), file);
  let db: Database | undefined;
  try {
    db = new Database(file, { create: true, strict: true });
    db.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
    checkPredecessor(db, file);
    db.run("PRAGMA journal_mode = WAL");
    db.run("PRAGMA synchronous = FULL");
    db.transaction(layOut).immediate(db);
    return db;
  } catch (error) {
    db?.close();
    throw damaged(file, error) ?? refusal(file, error);
  }
}

/** Makes the table, or gives one of an older release its key column. */
function layOut(db: Database) {
  db.run(LAYOUT.table);
  const columns = db.query("SELECT name FROM pragma_table_info('packets')").all() as { name: string }[];
  if (!columns.some(({ name }) => name === "idempotency_key")) {
    db.run("ALTER TABLE packets ADD COLUMN idempotency_key TEXT");
    db.run("UPDATE packets SET idempotency_key = packet_id");
  }
  for (const index of LAYOUT.indexes) db.run(index);
}

/** A file that is not ours is not moved: whoever named it decides. */
function damaged(file: string, error: unknown): StoreError | undefined {
  const { code = "", message } = error as { code?: string; message: string };
  if (!/^SQLITE_(NOTADB|CORRUPT)/.test(code)) return undefined;
  return new StoreError(
    "QUEUE_FOREIGN",
    `cannot read ${file} as a queue of the predecessor: ${message}; move it away to begin with an empty one`,
    { cause: error },
  );
}
