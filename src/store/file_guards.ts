import type { Database } from "bun:sqlite";
import * as fs from "node:fs";
import type { Cancel } from "../base/clock.ts";
import { Alarms } from "./alarms.ts";
import type { BackgroundCheck } from "./background_check.ts";
import type { Ballast } from "./ballast.ts";
import { isDamage } from "./damage.ts";
import type { FileOptions, Guards, Refusal } from "./guards.ts";
import type { HighWater } from "./high_water.ts";
import { forgetOwner } from "./owner.ts";
import { Space } from "./space.ts";
import { checkpointPages, WAL_ALARM_BYTES, WAL_CAP_BYTES, WriteAheadLog } from "./write_ahead_log.ts";

/** Between two rounds of checkpoint and high-water mark. */
const ROUND_MS = 1_000;
/**
 * Between two slices of the background check, in a queue that rests and in one that works: a tenth and a hundredth of
 * its time, so five million rows are read within a minute or ten.
 */
const CHECK_MS = 50;
const CHECK_AT_WORK_MS = 500;
/** From so much room inside the file on, it is made shorter, if what it holds is at most so much: a tenth of a second. */
const SHRINK_FROM_BYTES = 64 * 1024 * 1024;
const SHRINK_USED_BYTES = 16 * 1024 * 1024;

export interface GuardParts {
  file: string;
  db: Database;
  water: HighWater;
  ballast: Ballast;
  /** Undefined: the file was checked when it was opened. */
  check: BackgroundCheck | undefined;
}

export class FileGuards implements Guards {
  readonly #options: FileOptions;
  readonly #parts: GuardParts;
  readonly #wal: WriteAheadLog;
  readonly #space: Space;
  readonly #alarms: Alarms;
  readonly #reserveBytes: number;
  #roundTimer: Cancel | undefined;
  #checkTimer: Cancel | undefined;
  #roundMs: number;
  #lastSeq: number;
  #closed = false;
  /** A commit has come since the last slice of the check. */
  #works = false;

  constructor(parts: GuardParts, options: FileOptions) {
    const { file, db, water } = parts;
    const { clock, minFreeBytes, ballastBytes } = options;
    this.#options = options;
    this.#parts = parts;
    this.#wal = new WriteAheadLog(db, file, ballastBytes);
    this.#reserveBytes = Math.min(minFreeBytes, checkpointPages(ballastBytes) * 4_096);
    this.#space = new Space(file, db, clock, minFreeBytes, this.#reserveBytes);
    this.#alarms = new Alarms(file, options.onEvent, options.words?.what);
    this.#lastSeq = water.mark.seq;
    this.#roundMs = clock.monotonicMs();
    this.#checkpoint(parts.ballast.whole ? "TRUNCATE" : "PASSIVE");
    this.#takeBallast();
    if (parts.check !== undefined) this.#checkOn(parts.check);
  }

  get tailLost(): number {
    return this.#parts.water.mark.lost;
  }

  /** The last number this process gave. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  walBytes(): number {
    return this.#wal.bytes;
  }

  fileBytes(): number {
    return fs.statSync(this.#parts.file, { throwIfNoEntry: false })?.size ?? 0;
  }

  beforeEnqueue(): Refusal | undefined {
    if (this.#alarms.has("disk")) return "disk";
    if (this.#wal.bytes > WAL_CAP_BYTES) {
      this.#soon();
      return "wal";
    }
    if (!this.#space.short) {
      this.#alarms.end("min_free", "there is room again, it takes rows");
      return undefined;
    }
    const { minFreeBytes } = this.#options;
    const free = this.#space.freeBytes;
    const message = `takes no rows: its disk has ${free} bytes free, and min_free asks for ${minFreeBytes}; make room there, or lower min_free`;
    this.#alarms.begin("min_free", "warn", message, { freeBytes: free, minFreeBytes });
    this.#soon();
    return "min_free";
  }

  afterCommit(lastSeq: number) {
    this.#works = true;
    if (lastSeq !== this.#lastSeq) {
      this.#lastSeq = lastSeq;
      this.#quietly("high_water", () => this.#parts.water.note({ seq: lastSeq }));
    }
    if (this.#options.clock.monotonicMs() - this.#roundMs >= ROUND_MS) this.#round();
    else this.#soon();
  }

  onFull(call: "settle" | "enqueue") {
    const message = "the disk is full: it takes no rows; its ballast is there for rows to leave; make room there";
    this.#alarms.begin("disk", "error", message);
    // A log that is folded in is written again from its beginning, where the disk has its blocks already.
    this.#checkpoint("PASSIVE");
    if (call === "settle") {
      this.#quietly("ballast", () => this.#parts.ballast.giveUp());
      this.#checkpoint("PASSIVE");
    }
    this.#soon();
  }

  close() {
    if (this.#closed) return;
    this.abandon(() => {
      if (this.#alarms.has("disk")) this.#quietly("log", () => this.#wal.keep());
      else this.#checkpoint("TRUNCATE");
      this.#quietly("high_water", () => this.#parts.water.sync());
    });
  }

  /** Closes after `last`, which may be nothing: what a damaged or failed file still does is of no use. */
  abandon(last: () => void = () => {}) {
    if (this.#closed) return;
    this.#closed = true;
    this.#roundTimer?.();
    this.#checkTimer?.();
    last();
    this.#quietly("high_water", () => this.#parts.water.close());
    forgetOwner(this.#parts.file);
    this.#parts.db.close();
  }

  /** A round comes within a second, however little happens. */
  #soon() {
    if (this.#closed) return;
    this.#roundTimer ??= this.#options.clock.setTimer(() => this.#round(), ROUND_MS);
  }

  #round() {
    this.#roundTimer?.();
    this.#roundTimer = undefined;
    this.#roundMs = this.#options.clock.monotonicMs();
    this.#checkpoint("PASSIVE");
    this.#quietly("high_water", () => this.#parts.water.sync());
    this.#shrink();
    this.#quietly("look at the disk", () => {
      if (this.#alarms.has("disk")) this.#takeBallast();
      this.#watchLog();
    });
    if (this.#alarms.has("disk") || this.#alarms.has("min_free") || this.#alarms.has("wal")) this.#soon();
  }

  #checkpoint(mode: "PASSIVE" | "TRUNCATE") {
    const nowMs = this.#options.clock.monotonicMs();
    if (!this.#quietly("checkpoint", () => this.#wal.checkpoint(mode, nowMs))) this.#wal.failed(nowMs);
  }

  /** Also how a disk that was full is found to have room again. */
  #takeBallast() {
    const { ballast } = this.#parts;
    const needed = ballast.missingBytes + this.#reserveBytes;
    const free = this.#space.freeBytes;
    if (!ballast.whole && free < needed) return this.#noBallast(`${free} bytes are free, and ${needed} are needed`);
    try {
      ballast.take();
    } catch (error) {
      return this.#noBallast((error as Error).message);
    }
    this.#alarms.end("disk", "there is room again: the ballast is back, it takes rows");
  }

  #noBallast(reason: string) {
    this.#alarms.begin(
      "disk",
      "error",
      `takes no rows: there is no room for its ballast (${reason}); rows can leave; make room there, or lower ballast`,
    );
    this.#soon();
  }

  /** Gives room inside the file back to the disk, when little else is in it: SQLite by itself never does. */
  #shrink() {
    this.#quietly("shrink", () => {
      const inside = this.#space.insideBytes;
      const used = this.#space.usedBytes;
      // A queue that filled its own disk and is nearly empty again must not hold what it asks for to be free.
      const held = this.#alarms.has("disk") ? inside > 0 : this.#alarms.has("min_free") && inside > used;
      const worth = held || inside >= SHRINK_FROM_BYTES;
      // The copy goes through the log first, over what is in it already.
      if (!worth || used > SHRINK_USED_BYTES || used * 1.25 > this.#space.freeBytes + this.#wal.bytes) return;
      this.#parts.db.run("VACUUM");
      this.#wal.checkpoint("PASSIVE", this.#options.clock.monotonicMs());
    });
  }

  #watchLog() {
    const bytes = this.#wal.bytes;
    const stuck = this.#wal.stuck(this.#options.clock.monotonicMs());
    if (bytes <= WAL_ALARM_BYTES && !stuck) return this.#alarms.end("wal", "its log is folded in again");
    const why = stuck ? "no checkpoint has made progress for 30 s" : `it is longer than ${WAL_ALARM_BYTES} bytes`;
    const message = `its log (-wal) has ${bytes} bytes and ${why}; look at the disk: beyond ${WAL_CAP_BYTES} bytes it takes no rows`;
    this.#alarms.begin("wal", "error", message, { walBytes: bytes });
  }

  #checkOn(check: BackgroundCheck) {
    const delayMs = this.#works ? CHECK_AT_WORK_MS : CHECK_MS;
    this.#works = false;
    this.#checkTimer = this.#options.clock.setTimer(
      () => this.#quietly("check", () => check.next() && this.#checkOn(check)),
      delayMs,
    );
  }

  /** Runs what must not disturb the queue; false when it failed, which is told once until it works again. */
  #quietly(what: string, run: () => void): boolean {
    try {
      run();
      this.#alarms.end(what, `${what} works again`);
      return true;
    } catch (error) {
      this.#alarms.begin(what, "error", `${what} failed: ${(error as Error).message}`);
      if (isDamage(error) && !this.#closed) this.#options.onCorrupt(error as Error);
      return false;
    }
  }
}
