import type { Database } from "bun:sqlite";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Clock } from "../base/clock.ts";
import { freeBytes } from "./disk_kind.ts";
import { readPragma } from "./pragma.ts";

/** Between two looks at the disk; one of 500 MB/s takes 50 MB meanwhile, so min_free should not be less. */
const LOOK_MS = 100;
/** So much more than the least must be free again, so that a queue at the limit does not open and close all day. */
const RELEASE = 1.125;

/** Whether there is room for more rows. What the file itself has free inside counts, since rows go there first. */
export class Space {
  readonly #folder: string;
  readonly #log: string;
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #minFreeBytes: number;
  /** The log grows by as much before it is folded in, free pages or not. */
  readonly #logBytes: number;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #short = false;

  constructor(file: string, db: Database, clock: Clock, minFreeBytes: number, logBytes: number) {
    this.#folder = path.dirname(file);
    this.#log = `${file}-wal`;
    this.#db = db;
    this.#clock = clock;
    this.#minFreeBytes = minFreeBytes;
    this.#logBytes = Math.min(minFreeBytes, logBytes);
  }

  /** Less is free than must be. */
  get short(): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#lookedMs < LOOK_MS) return this.#short;
    this.#lookedMs = nowMs;
    const least = this.#short ? this.#minFreeBytes * RELEASE : this.#minFreeBytes;
    const free = this.freeBytes;
    this.#short = free + this.insideBytes < least || free + this.#logThere < this.#logBytes;
    return this.#short;
  }

  /** The log is written again from its beginning: what it has of the disk need not be free. */
  get #logThere(): number {
    return fs.statSync(this.#log, { throwIfNoEntry: false })?.size ?? 0;
  }

  get freeBytes(): number {
    return freeBytes(this.#folder);
  }

  /** Pages of the file that hold nothing. */
  get insideBytes(): number {
    return readPragma(this.#db, "freelist_count") * readPragma(this.#db, "page_size");
  }

  /** Pages of the file that hold something. */
  get usedBytes(): number {
    return readPragma(this.#db, "page_count") * readPragma(this.#db, "page_size") - this.insideBytes;
  }
}
