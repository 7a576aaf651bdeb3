import { Database } from "bun:sqlite";
import * as fs from "node:fs";
import * as path from "node:path";
import { Alarms } from "./alarms.ts";
import { BackgroundCheck } from "./background_check.ts";
import { backUp } from "./backup.ts";
import { Ballast } from "./ballast.ts";
import { DamageError, isDamage, isFull, moveAside } from "./damage.ts";
import { FileGuards } from "./file_guards.ts";
import { syncFolder } from "./folder.ts";
import type { FileOptions, OpenedFile } from "./guards.ts";
import { HighWater } from "./high_water.ts";
import { migrate } from "./migrate.ts";
import { noteOwner } from "./owner.ts";
import { readRow } from "./pragma.ts";
import { preflight } from "./preflight.ts";
import { refusal } from "./refusal.ts";
import { fileVersion } from "./schema_check.ts";
import { compareNumbers } from "./tail.ts";

/** Files up to this size are checked page by page when they are opened; it takes about a second. */
const CHECK_BYTES = 256 * 1024 * 1024;

/** What an open finds out, on the way. */
interface Opening {
  file: string;
  options: FileOptions;
  alarms: Alarms;
  movedTo: string | undefined;
  /** The last number this process knows of, when it had the file open before. */
  knownSeq: number;
}

/**
 * Opens a file of our own, for this process alone. A damaged one is moved aside and an empty one takes its place: a box
 * that does not start because of its disk is worse than one that has to be looked at.
 */
export function openFile(file: string, options: FileOptions): OpenedFile {
  return open(file, options, 0);
}

function open(file: string, options: FileOptions, knownSeq: number): OpenedFile {
  const alarms = new Alarms(file, options.onEvent, options.words?.what);
  const opening: Opening = { file, options, alarms, movedTo: undefined, knownSeq };
  try {
    const { minFreeBytes, ballastBytes, allowNetworkDisk: dangerouslyAllowNetworkDisk, onEvent } = options;
    const needBytes = minFreeBytes + (fs.existsSync(`${file}.ballast`) ? 0 : ballastBytes);
    preflight(path.dirname(file), { onEvent, dangerouslyAllowNetworkDisk, needBytes });
    return tryOpen(opening) ?? tryOpen(opening) ?? fail("it is damaged again, as soon as it is made");
  } catch (error) {
    throw refusal(file, error);
  }
}

function fail(message: string): never {
  throw new Error(message);
}

/** Undefined: there was a damaged file, it is out of the way now. */
function tryOpen(opening: Opening): OpenedFile | undefined {
  const { file, options } = opening;
  rescueLog(opening);
  makeOwnFile(file);
  const db = new Database(file, { create: true, strict: true });
  try {
    return guarded(opening, db);
  } catch (error) {
    try {
      // Before the close, which would delete the log beside a file it cannot read.
      if (!isDamage(error)) throw error;
      opening.movedTo = moveAside(file, options.clock.nowMs());
      tellMoved(opening, opening.movedTo, error as Error);
      return undefined;
    } finally {
      db.close();
    }
  }
}

function guarded(opening: Opening, db: Database): OpenedFile {
  const { file, options } = opening;
  const ballast = new Ballast(file, options.ballastBytes);
  lock(db, options);
  const water = new HighWater(file);
  const large = fs.statSync(file).size > CHECK_BYTES;
  try {
    if (!large) checkPages(db);
    atFullDisk(ballast, () => bringUp(opening, db, water));
    noteOwner(file);
    const check = large ? new BackgroundCheck(db, options.clock) : undefined;
    return handleOf(opening, db, new FileGuards({ file, db, water, ballast, check }, options));
  } catch (error) {
    water.close();
    throw error;
  }
}

/** The lock comes with the first statement that reads. Before it nothing beside the file is touched. */
function lock(db: Database, { durability }: FileOptions) {
  // EXCLUSIVE comes first: WAL then needs no shared memory, and no second process can open or read the file.
  db.run("PRAGMA locking_mode = EXCLUSIVE");
  db.run("PRAGMA journal_mode = WAL");
  // FULL, not NORMAL: under WAL, NORMAL may lose the last commits when power fails, and edge boxes lose power.
  db.run(`PRAGMA synchronous = ${durability === "full" ? "FULL" : "NORMAL"}`);
  // macOS keeps what fsync wrote in the drive's cache; elsewhere these do nothing.
  db.run("PRAGMA fullfsync = 1");
  db.run("PRAGMA checkpoint_fullfsync = 1");
  // What a VACUUM needs meanwhile must not depend on a second disk; see how much is copied in file_guards.ts.
  db.run("PRAGMA temp_store = MEMORY");
}

function checkPages(db: Database) {
  const found = readRow<{ quick_check: string }>(db, "PRAGMA quick_check(1)")!.quick_check;
  if (found !== "ok") throw new DamageError(found);
}

/** Version, tables, numbers. */
function bringUp(opening: Opening, db: Database, water: HighWater) {
  const { file, options, alarms, knownSeq } = opening;
  const { applicationId, migrations } = options;
  const version = fileVersion(db, file, options, water.found ? water.mark.version : undefined, (told) =>
    alarms.tell("warn", told),
  );
  if (version > 0 && version < migrations.length) tellBackup(alarms, version, backUp(db, file, version));
  // Before the migration: whatever of the two versions a kill leaves, the mark is not below it.
  water.note({ version: Math.max(water.mark.version, migrations.length) });
  migrate(db, file, applicationId, migrations);
  if (water.fault !== undefined) alarms.tell("warn", `its high-water file ${water.file}: ${water.fault}`);
  compareNumbers({ db, water, alarms, knownSeq, isNew: opening.movedTo !== undefined }, options);
  water.sync();
}

/** A disk that is full when the queue is opened: the ballast makes room for that as well. */
function atFullDisk(ballast: Ballast, run: () => void) {
  try {
    run();
  } catch (error) {
    if (!isFull(error)) throw error;
    ballast.giveUp();
    run();
  }
}

function handleOf(opening: Opening, db: Database, guards: FileGuards): OpenedFile {
  const { file, options, movedTo } = opening;
  return {
    db,
    guards,
    movedTo,
    reopen() {
      guards.abandon();
      return open(file, options, guards.lastSeq);
    },
    moveAsideAndReopen(cause) {
      const aside = moveAside(file, options.clock.nowMs());
      tellMoved(opening, aside, cause);
      guards.abandon();
      return { ...open(file, options, guards.lastSeq), movedTo: aside };
    },
  };
}

function tellMoved({ alarms, options }: Opening, to: string, { message }: Error) {
  const { what, aside } = options.words ?? { what: "queue", aside: undefined };
  const advice = aside ?? `what it held can be read back with: schnitzel queue repair ${to}`;
  const told = `it is damaged (${message}): it was moved to ${to}, and an empty ${what} takes its place; ${advice}`;
  alarms.tell("error", told, { movedTo: to });
}

function tellBackup(alarms: Alarms, version: number, backup: ReturnType<typeof backUp>) {
  if ("to" in backup) return alarms.tell("info", `version ${version} of it was kept as ${backup.to}`, backup);
  alarms.tell("warn", `it is taken from version ${version} to the next without a copy: ${backup.reason}`);
}

/** SQLite deletes a log whose file is gone or empty, and it never leaves one so itself: what is in it is all there is. */
function rescueLog(opening: Opening) {
  const { file, options } = opening;
  const bytes = (name: string) => fs.statSync(name, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes(file) > 0 || bytes(`${file}-wal`) === 0) return;
  opening.movedTo = moveAside(file, options.clock.nowMs());
  tellMoved(opening, opening.movedTo, new Error("only its log is there"));
}

/** For this user alone; SQLite gives its log the same mode. */
function makeOwnFile(file: string) {
  if (fs.existsSync(file)) return;
  fs.closeSync(fs.openSync(file, "a", 0o600));
  syncFolder(path.dirname(file));
}
