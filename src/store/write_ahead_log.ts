import { constants, type Database } from "bun:sqlite";
import * as fs from "node:fs";
import { readRow } from "./pragma.ts";

/** What SQLite itself takes: 1,000 pages of 4 KiB are 4 MB of log. */
const CHECKPOINT_PAGES = 1_000;
const PAGE_BYTES = 4_096;
/** A log of this length takes a second to read at the next start, and says that checkpoints fail. */
export const WAL_ALARM_BYTES = 64 * 1024 * 1024;
/** Beyond it nothing is enqueued: four times the alarm, and still read in some seconds at the next start. */
export const WAL_CAP_BYTES = 256 * 1024 * 1024;
/** A checkpoint of a sound disk takes a second. */
const STUCK_MS = 30_000;

/** Pages after which the log is folded into the file: a part of the ballast, so that at a full disk there is room for it. */
export function checkpointPages(ballastBytes: number): number {
  const half = Math.floor(ballastBytes / 2 / PAGE_BYTES);
  return half === 0 ? CHECKPOINT_PAGES : Math.min(CHECKPOINT_PAGES, half);
}

/** The log beside the file: how long it is, and whether it is folded into the file. */
export class WriteAheadLog {
  readonly #db: Database;
  readonly #log: string;
  #stuckSinceMs: number | undefined;
  #done = -1;

  constructor(db: Database, file: string, ballastBytes: number) {
    this.#db = db;
    this.#log = `${file}-wal`;
    const pages = checkpointPages(ballastBytes);
    // After so many pages SQLite itself does a PASSIVE checkpoint, within the commit that reaches them.
    db.run(`PRAGMA wal_autocheckpoint = ${pages}`);
    // A transaction may make the log longer; it is cut to this when it is begun anew.
    db.run(`PRAGMA journal_size_limit = ${2 * pages * PAGE_BYTES}`);
  }

  get bytes(): number {
    return fs.statSync(this.#log, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** PASSIVE: it waits for nobody. TRUNCATE also cuts the log, for start and stop. Throws. */
  checkpoint(mode: "PASSIVE" | "TRUNCATE", nowMs: number) {
    const { log, checkpointed } = readRow<{ log: number; checkpointed: number }>(
      this.#db,
      `PRAGMA wal_checkpoint(${mode})`,
    )!;
    if (checkpointed >= log) this.#stuckSinceMs = undefined;
    else if (this.#stuckSinceMs === undefined || checkpointed !== this.#done) this.#stuckSinceMs = nowMs;
    this.#done = checkpointed;
  }

  /**
   * Leaves the log beside the file when that is closed, at its length. At a full disk its blocks are what the next acks
   * are written to, and some other program would take them.
   */
  keep() {
    this.#db.run("PRAGMA journal_size_limit = -1");
    this.#db.fileControl(constants.SQLITE_FCNTL_PERSIST_WAL, 1);
  }

  /** A checkpoint that failed made no progress either. */
  failed(nowMs: number) {
    this.#stuckSinceMs ??= nowMs;
  }

  stuck(nowMs: number): boolean {
    return this.#stuckSinceMs !== undefined && nowMs - this.#stuckSinceMs >= STUCK_MS;
  }
}
