import type { Checkpoint, CheckpointLoss, KeptCheckpoint, TakenState } from "./checkpoint.ts";
import { CHECKSUM, checkpointIn, checksumOf } from "./checkpoint_rows.ts";
import { isDamage, isDiskFailure, isFull } from "./damage.ts";
import { unwritable } from "./error.ts";
import type { OpenedFile } from "./guards.ts";
import { stateBytes } from "./state_codec.ts";
import { type Statements, statements } from "./statements.ts";
import type { StateAsk } from "./worker_messages.ts";

/**
 * The newest checkpoint of a graph, in one file. Synchronous, each call one transaction.
 *
 * Of each part the last two states are kept: a newest one whose checksum does not match is not the end of all that was
 * counted. It is no second checkpoint to fall back to: rows that are in the newest are gone from their queues.
 */
export class CheckpointHost {
  readonly #file: string;
  #opened: OpenedFile;
  #sql: Statements;
  readonly #lostBefore: number;
  readonly loss: CheckpointLoss;

  /** `lost`: what the guards of the file knew to be lost before this open. */
  constructor(file: string, opened: OpenedFile, lostBefore: number) {
    this.#file = file;
    this.#opened = opened;
    this.#sql = statements(opened.db);
    this.#lostBefore = lostBefore;
    this.loss = { lost: opened.guards.tailLost - this.#lostBefore, movedTo: opened.movedTo };
  }

  read(): KeptCheckpoint | undefined {
    return this.#guarded(() => checkpointIn(this.#sql));
  }

  commit(checkpoint: Checkpoint): number {
    const laid = checkpoint.states.map((taken) => ({ taken, body: stateBytes(taken.state) }));
    const write = () => this.#transaction(() => this.#write(checkpoint, laid));
    return this.#guarded(() => {
      try {
        return write();
      } catch (error) {
        if (!isFull(error)) throw error;
        this.#opened.guards.onFull("settle");
        return write();
      }
    });
  }

  /** The node begins without it; what it stood for stays done. Says whether there was one. */
  drop(part: string): boolean {
    return this.#guarded(() => {
      const there = this.#sql.get("SELECT 1 FROM states WHERE part = ?", part) !== null;
      if (there) this.#transaction(() => void this.#sql.run("DELETE FROM states WHERE part = ?", part));
      return there;
    });
  }

  forgetDone() {
    this.#guarded(() => this.#transaction(() => void this.#sql.run("DELETE FROM done")));
  }

  bytes(): number {
    const { guards } = this.#opened;
    return guards.fileBytes() + guards.walBytes();
  }

  /** Found damaged in the background: the states are those of the run, which writes all of them again. */
  replace(cause: Error) {
    this.#sql.finalize();
    this.#opened = this.#opened.moveAsideAndReopen(cause);
    this.#sql = statements(this.#opened.db);
  }

  close() {
    this.#sql.finalize();
    this.#opened.guards.close();
  }

  #write(
    { graph, takenMs, done }: Checkpoint,
    laid: readonly { taken: TakenState; body: Uint8Array<ArrayBuffer> }[],
  ): number {
    const seq = this.#sql.insert("INSERT INTO checkpoints (graph, taken_ms) VALUES (?, ?)", graph, takenMs);
    this.#sql.run("DELETE FROM checkpoints WHERE seq < ?", seq - 1);
    let bytes = 0;
    for (const { taken, body } of laid) if (this.#put(taken, body, seq, takenMs)) bytes += body.length;
    this.#dropOthers(new Set(laid.map(({ taken }) => taken.part)));
    this.#sql.run("DELETE FROM done");
    for (const { queue, runs, newestMs } of done) {
      for (const { from, to } of runs) this.#sql.run("INSERT INTO done VALUES (?, ?, ?, ?)", queue, from, to, newestMs);
    }
    return bytes;
  }

  /** False: it is as it was. */
  #put({ part, kind, version }: TakenState, body: Uint8Array<ArrayBuffer>, since: number, takenMs: number): boolean {
    const checksum = checksumOf({ part, kind, version, body });
    const before = this.#sql.get<{ checksum: Uint8Array }>(CHECKSUM, part);
    if (before !== null && Buffer.compare(before.checksum, checksum) === 0) return false;
    this.#sql.run(
      "DELETE FROM states WHERE part = ?1 AND since < (SELECT max(since) FROM states WHERE part = ?1)",
      part,
    );
    this.#sql.run(
      "INSERT INTO states VALUES (?, ?, ?, ?, ?, ?, ?)",
      part,
      since,
      kind,
      version,
      takenMs,
      checksum,
      body,
    );
    return true;
  }

  #dropOthers(parts: ReadonlySet<string>) {
    for (const { part } of this.#sql.all<{ part: string }>("SELECT DISTINCT part FROM states")) {
      if (!parts.has(part)) this.#sql.run("DELETE FROM states WHERE part = ?", part);
    }
  }

  #transaction<Result>(work: () => Result): Result {
    const { db, guards } = this.#opened;
    db.run("BEGIN IMMEDIATE");
    try {
      const result = work();
      db.run("COMMIT");
      guards.afterCommit(this.#sql.get<{ seq: number }>("SELECT max(seq) AS seq FROM checkpoints")?.seq ?? 0);
      return result;
    } catch (error) {
      if (db.inTransaction) db.run("ROLLBACK");
      throw error;
    }
  }

  /** A handle whose disk failed is never used again; what is damaged is moved aside. */
  #guarded<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      if (isDamage(error)) this.replace(error as Error);
      else if (isDiskFailure(error)) this.#openAgain();
      throw unwritable(this.#file, error, "state file");
    }
  }

  #openAgain() {
    this.#sql.finalize();
    this.#opened = this.#opened.reopen();
    this.#sql = statements(this.#opened.db);
  }
}

/** One call from another thread. */
export function answerState(host: CheckpointHost, ask: StateAsk) {
  const kept = ask.op === "read" ? host.read() : undefined;
  const written = ask.op === "commit" ? host.commit(ask.checkpoint) : 0;
  if (ask.op === "forget_done") host.forgetDone();
  return { kept, written, fileBytes: host.bytes() };
}
