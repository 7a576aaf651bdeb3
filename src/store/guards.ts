import type { Database } from "bun:sqlite";
import type { Clock } from "../base/clock.ts";

/** `full`: safe on the disk before a call returns. `relaxed`: the last commits may be lost when power fails. */
export type Durability = "full" | "relaxed";

export type OnEvent = (
  level: "info" | "warn" | "error",
  message: string,
  fields: Readonly<Record<string, unknown>>,
) => void;

export interface FileOptions {
  clock: Clock;
  onEvent: OnEvent;
  durability: Durability;
  applicationId: number;
  /** Statements that lead from one version of the file to the next. */
  migrations: readonly string[];
  /** The AUTOINCREMENT table whose numbers are watched, `packets` of a queue. */
  sequence: string;
  /**
   * Called in the transaction that moves the sequence on, when `count` numbers were given and no row has them any
   * more: the file lost its end, or it is a new one after a damaged one.
   */
  onSkip(db: Database, count: number): void;
  /** Of a file that is no queue: what it is, what it means that it was moved aside, and that its newest numbers are lost. */
  words?: { what: string; aside: string; lost(count: number): string } | undefined;
  /** Found in the background, some time after the file was opened: end your statements and call `moveAsideAndReopen`. */
  onCorrupt(error: Error): void;
  /** `--dangerously-allow-network-disk`. */
  allowNetworkDisk: boolean;
  minFreeBytes: number;
  ballastBytes: number;
}

/** Why nothing may be enqueued. `disk`: it was full and the ballast is spent. `wal`: the log beside the file is too long. */
export type Refusal = "min_free" | "disk" | "wal";

/** What stands around a queue file besides SQLite: free space, the log's length, and that no row vanishes unseen. */
export interface Guards {
  /** Asked before rows are added; a look at the disk at most every 100 ms. */
  beforeEnqueue(): Refusal | undefined;
  /** Told after every commit, with the last number given so far. May checkpoint; never throws. */
  afterCommit(lastSeq: number): void;
  /**
   * Told when a commit failed for want of room (`isFull`) and was rolled back. `settle`: it is needed for rows to leave
   * (lease, ack, nack, release), so the ballast is given up, and the call is to be tried once more, at once and without
   * any enqueue in it. `enqueue`: there was nothing else in it, and it is refused.
   */
  onFull(call: "settle" | "enqueue"): void;
  walBytes(): number;
  fileBytes(): number;
  /** Numbers that were given and were gone when the file was opened, ever. */
  readonly tailLost: number;
  /** After the caller's statements are finalized: writes all that is pending, closes the database, frees the file. */
  close(): void;
  /** Closes the database and frees the file, and writes nothing more: as a kill would leave it. Left out: `close` does no more. */
  abandon?(): void;
}

export interface OpenedFile {
  readonly db: Database;
  readonly guards: Guards;
  /** A damaged file was moved here, and `db` is a new one. */
  readonly movedTo: string | undefined;
  /**
   * After any I/O error: what a failed fsync left in the system's cache is not to be trusted. Closes this one, opens
   * again, and compares the last number. Statements are finalized before; throws when the file cannot be opened.
   */
  reopen(): OpenedFile;
  /** After SQLITE_CORRUPT or SQLITE_NOTADB from a call (`isDamage`): an empty file takes the damaged one's place. */
  moveAsideAndReopen(cause: Error): OpenedFile;
}
