import type { Checkpoint, CheckpointLoss, DoneRows, KeptCheckpoint, KeptState, TakenState } from "./checkpoint.ts";
import { isDamage, isDiskFailure, isFull } from "./damage.ts";
import { unwritable } from "./error.ts";
import type { OpenedFile } from "./guards.ts";
import { stateBytes, stateOf } from "./state_codec.ts";
import { type Statements, statements } from "./statements.ts";
import type { StateAsk } from "./worker_messages.ts";

interface StateRow {
  part: string;
  since: number;
  kind: string;
  version: number;
  taken_ms: number;
  checksum: Uint8Array;
  body: Uint8Array<ArrayBuffer>;
}

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
    return this.#guarded(() => {
      const newest = this.#sql.get<{ seq: number; graph: string; taken_ms: number }>(NEWEST);
      if (newest === null) return undefined;
      const rows = Map.groupBy(this.#sql.all<StateRow>(STATES), ({ part }) => part);
      const states = [...rows.values()].map((of) => keptState(of));
      return { seq: newest.seq, graph: newest.graph, takenMs: newest.taken_ms, states, done: this.#done() };
    });
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

  #done(): DoneRows[] {
    const rows = this.#sql.all<{ queue: string; from_seq: number; to_seq: number; newest_ms: number }>(DONE);
    return [...Map.groupBy(rows, ({ queue }) => queue)].map(([queue, of]) => ({
      queue,
      runs: of.map(({ from_seq: from, to_seq: to }) => ({ from, to })),
      newestMs: of[0]!.newest_ms,
    }));
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

/** Of the rows of one part, the newest first. */
function keptState(rows: readonly StateRow[]): KeptState {
  const faults: string[] = [];
  for (const row of rows) {
    const { part, kind, version, taken_ms: takenMs, body } = row;
    try {
      if (Buffer.compare(row.checksum, checksumOf(row)) !== 0) throw new Error("its checksum does not match");
      return { part, kind, version, takenMs, bytes: body.length, state: stateOf(body), fault: faults[0] };
    } catch (error) {
      faults.push((error as Error).message);
    }
  }
  const { part, kind, version, taken_ms: takenMs, body } = rows[0]!;
  return { part, kind, version, takenMs, bytes: body.length, state: undefined, fault: faults[0] };
}

/** SHA-256, as it also tells whether a state has changed. */
function checksumOf({ part, kind, version, body }: Pick<StateRow, "part" | "kind" | "version"> & { body: Uint8Array }) {
  const head = JSON.stringify([part, kind, version]);
  return new Uint8Array(new Bun.CryptoHasher("sha256").update(head).update(body).digest());
}

const NEWEST = "SELECT seq, graph, taken_ms FROM checkpoints ORDER BY seq DESC LIMIT 1";
const STATES = "SELECT * FROM states ORDER BY part, since DESC";
const CHECKSUM = "SELECT checksum FROM states WHERE part = ? ORDER BY since DESC LIMIT 1";
const DONE = "SELECT queue, from_seq, to_seq, newest_ms FROM done ORDER BY rowid";

/** One call from another thread. */
export function answerState(host: CheckpointHost, ask: StateAsk) {
  const kept = ask.op === "read" ? host.read() : undefined;
  const written = ask.op === "commit" ? host.commit(ask.checkpoint) : 0;
  if (ask.op === "forget_done") host.forgetDone();
  return { kept, written, fileBytes: host.bytes() };
}
