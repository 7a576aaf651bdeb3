import { Admission } from "./admission.ts";
import { isDamage, isDiskFailure, isFull } from "./damage.ts";
import { StoreError, unopened, unwritable } from "./error.ts";
import type { OpenedFile } from "./guards.ts";
import { hostStats } from "./host_stats.ts";
import { type Answer, type Asked, givesBack, leasesLast, type Operation } from "./operation.ts";
import type { QueueOptions, QueueRow, QueueStats } from "./queue.ts";
import { SqliteQueue } from "./sqlite_queue.ts";

/** What a round of work made, and when the next one is due without being asked. */
export interface Round {
  answers: Answer[];
  stats: QueueStats;
  dueMs: number | undefined;
}

/** After so many commits in a row that failed at the disk the queue calls itself degraded: one may be chance. */
const DEGRADED_AFTER = 3;
/** While it is full or the disk fails it looks again this often, so that those who wait hear of it soon. */
const LOOK_AGAIN_MS = 500;

/**
 * One queue file and those who wait for its rows. A round is one transaction: all that was asked for since the last
 * one, and the waiting leases that it brings rows for. What fails does so without its neighbours.
 */
export class QueueHost {
  readonly #file: string;
  readonly #standing = new Map<number, Extract<Operation, { op: "lease" }>>();
  #opened: OpenedFile;
  #core: SqliteQueue;
  /** The file could not be opened again; each round tries. */
  #lost = false;
  #failures = 0;
  readonly #admission: Admission;
  #commits = 0;
  #committedRows = 0;
  #stats: QueueStats;

  constructor(file: string, opened: OpenedFile, options: QueueOptions, nowMs: number) {
    this.#file = file;
    this.#opened = opened;
    this.#admission = new Admission(file);
    this.#core = new SqliteQueue(file, opened.db, options, nowMs);
    this.#stats = this.#look(undefined);
  }

  get stats(): QueueStats {
    return this.#stats;
  }

  round(given: readonly Asked[], nowMs: number): Round {
    const asked = leasesLast(given);
    const answers: Answer[] = [];
    let agedMs: number | undefined;
    if (this.#lost && !this.#openAgain(nowMs)) this.#rejectAll(asked, unopened(this.#file), answers);
    else agedMs = this.#together(asked, nowMs, answers);
    for (const { operation } of asked) if (operation.op === "abort") this.#abort(operation.id, answers);
    if (!this.#lost) this.#stats = this.#look(this.#stats);
    else this.#stats = { ...this.#stats, degraded: true };
    return { answers, stats: this.#stats, dueMs: this.#dueMs(agedMs, nowMs) };
  }

  /** Found damaged, perhaps in the background: what can be kept is aside, an empty file goes on, now or later. */
  replace(cause: Error, nowMs: number) {
    this.#lost = true;
    try {
      this.#core.release();
      this.#opened = this.#opened.moveAsideAndReopen(cause);
      this.#core = new SqliteQueue(this.#file, this.#opened.db, this.#core.options, nowMs);
      this.#lost = false;
    } catch {
      // Told when the next round fails to open it.
      this.#failures += 1;
    }
  }

  /** Frees the file as it is: nothing is handed over, nothing that is pending is written. */
  die() {
    this.#core.release();
    const { guards } = this.#opened;
    (guards.abandon ?? guards.close).call(guards);
  }

  /** Who waits for rows is told by whoever closes. */
  close(nowMs: number) {
    try {
      if (!this.#lost) this.#core.handOver(nowMs);
    } catch {
      // The disk fails: then what is out counts as out in a crash.
      this.#undo();
    }
    this.#core.release();
    this.#opened.guards.close();
  }

  /** All of it as one transaction; what is wrong with one part is found by doing them one by one. */
  #together(asked: readonly Asked[], nowMs: number, answers: Answer[]): number | undefined {
    const made: Answer[] = [];
    try {
      const agedMs = this.#commit(asked, nowMs, made);
      answers.push(...made);
      return agedMs;
    } catch (error) {
      this.#undo();
      if (isFull(error)) this.#atFullDisk(asked, nowMs, answers);
      else if (isDiskFailure(error) || isDamage(error)) this.#atFailedDisk(asked, error as Error, nowMs, answers);
      else if (asked.length > 1) for (const one of asked) this.#together([one], nowMs, answers);
      else this.#rejectAll(asked, unwritable(this.#file, error), answers);
      return undefined;
    }
  }

  #commit(asked: readonly Asked[], nowMs: number, made: Answer[]): number | undefined {
    this.#core.begin(nowMs);
    const agedMs = this.#core.expireOld(asked.some(givesBack));
    let rows = 0;
    const waiting: Asked[] = [];
    for (const one of asked) rows += this.#apply(one, made, waiting);
    const served = this.#serve(made);
    this.#core.commit();
    this.#admission.committed();
    for (const id of served) this.#standing.delete(id);
    // Not before: one that is asked for again after a failure would stand here twice, and be served twice.
    for (const { id, operation } of waiting) if (operation.op === "lease") this.#standing.set(id, operation);
    this.#failures = 0;
    if (rows > 0) this.#commits += 1;
    this.#committedRows += rows;
    this.#afterCommit();
    return agedMs;
  }

  /** What is committed is done: what fails from here on is no failure of the round. */
  #afterCommit() {
    try {
      this.#opened.guards.afterCommit(this.#core.totals.given);
    } catch {
      // Promised not to throw, they tell of their troubles themselves, and try again with the next commit.
    }
  }

  /** A lease that got rows in this round has its answer. */
  #abort(id: number, answers: Answer[]) {
    if (this.#standing.delete(id)) answers.push({ id, name: "lease", value: [] });
  }

  #apply(one: Asked, made: Answer[], waiting: Asked[]): number {
    const { id, operation } = one;
    const refused = operation.op === "enqueue" ? this.#admission.ask(this.#opened, operation.after) : undefined;
    if (refused !== undefined) made.push({ id, name: "error", error: refused });
    else return this.#applyOne(one, made, waiting);
    return 0;
  }

  #applyOne(one: Asked, made: Answer[], waiting: Asked[]): number {
    const { id, operation } = one;
    try {
      const value = this.#core.apply(operation);
      if (operation.op === "enqueue") this.#admission.took(id);
      const rows = Array.isArray(value) ? value.length : 0;
      if (operation.op === "lease" && operation.request.wait && rows === 0) waiting.push(one);
      else made.push({ id, name: operation.op, value } as Answer);
      return operation.op === "scan" || operation.op === "dead" ? 0 : rows;
    } catch (error) {
      // Thrown before anything was written; what SQLite throws undoes the transaction.
      if (!(error instanceof StoreError)) throw error;
      if (error.code === "QUEUE_FULL") this.#admission.noRoom(this.#core.totals.bytes);
      made.push({ id, name: "error", error });
      return 0;
    }
  }

  /** Gives rows to those who wait, first come first served; whom they were given to is told after the commit. */
  #serve(made: Answer[]): number[] {
    const served: number[] = [];
    for (const [id, operation] of this.#standing) {
      const value = this.#core.apply(operation) as QueueRow[];
      if (value.length === 0) continue;
      made.push({ id, name: "lease", value });
      served.push(id);
    }
    return served;
  }

  #undo() {
    this.#admission.undone();
    try {
      this.#core.rollback(this.#opened.db.inTransaction);
    } catch {
      // The connection is beyond use; what failed first says why.
    }
  }

  /** Room for what takes rows out; nothing comes in until there is more. */
  #atFullDisk(asked: readonly Asked[], nowMs: number, answers: Answer[]) {
    const incoming = asked.filter(({ operation }) => operation.op === "enqueue");
    this.#opened.guards.onFull(incoming.length === asked.length && this.#standing.size === 0 ? "enqueue" : "settle");
    this.#rejectAll(incoming, this.#admission.refuse("disk"), answers);
    const others = asked.filter(({ operation }) => operation.op !== "enqueue");
    const made: Answer[] = [];
    try {
      this.#commit(others, nowMs, made);
      answers.push(...made);
    } catch (error) {
      this.#undo();
      if (isDiskFailure(error) || isDamage(error)) this.#atFailedDisk(others, error as Error, nowMs, answers);
      else this.#rejectAll(others, unwritable(this.#file, error), answers);
    }
  }

  /** A handle whose fsync failed may say that pages are written which are not: it is never used again. */
  #atFailedDisk(asked: readonly Asked[], cause: Error, nowMs: number, answers: Answer[]) {
    this.#failures += 1;
    this.#rejectAll(asked, unwritable(this.#file, cause), answers);
    if (isDamage(cause)) this.replace(cause, nowMs);
    else this.#openAgain(nowMs);
  }

  #openAgain(nowMs: number): boolean {
    try {
      this.#core.release();
      this.#opened = this.#opened.reopen();
      this.#core.move(this.#opened.db, nowMs);
      this.#lost = false;
    } catch {
      this.#failures += 1;
      this.#lost = true;
    }
    return !this.#lost;
  }

  #rejectAll(asked: readonly Asked[], error: Error, answers: Answer[]) {
    for (const { id } of asked) answers.push({ id, name: "error", error });
  }

  #dueMs(agedMs: number | undefined, nowMs: number): number | undefined {
    const times = [agedMs];
    if (this.#standing.size > 0 && !this.#lost) times.push(this.#core.dueMs);
    if (this.#stats.full !== undefined || this.#failures > 0) times.push(nowMs + LOOK_AGAIN_MS);
    const due = times.filter((ms) => ms !== undefined);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  #look(before: QueueStats | undefined): QueueStats {
    const parts = { core: this.#core, opened: this.#opened, admission: this.#admission };
    const degraded = this.#failures >= DEGRADED_AFTER;
    return hostStats(parts, { degraded, commits: this.#commits, committedRows: this.#committedRows }, before);
  }
}
