import { Database, SQLiteError } from "bun:sqlite";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { StoreError } from "./error.ts";
import { checkOwner, migrate } from "./migrate.ts";
import { forgetOwner, noteOwner, ownerOf } from "./owner.ts";

/** `full`: safe on the disk before a call returns. `relaxed`: the last commits may be lost when power fails. */
export type Durability = "full" | "relaxed";

export interface OpenOptions {
  applicationId: number;
  /** Statements that lead from one version of the file to the next. */
  migrations: readonly string[];
  durability: Durability;
  /** Wall clock, for the name a damaged file gets. */
  nowMs(): number;
  /** Told when a damaged file was moved aside. */
  onDamaged(message: string): void;
}

/** Files up to this size are checked page by page when they are opened; it takes about a second. */
const CHECK_BYTES = 256 * 1024 * 1024;

/** Opens a file of our own, for this process alone. A damaged one is moved aside and an empty one takes its place. */
export function openOwn(file: string, options: OpenOptions): Database {
  makeFolder(path.dirname(file), file);
  try {
    const opened = openOnce(file, options);
    if ("db" in opened) return opened.db;
    options.onDamaged(opened.moved);
    const again = openOnce(file, options);
    if ("db" in again) return again.db;
    throw new Error(again.moved);
  } catch (error) {
    throw refusal(file, error);
  }
}

function openOnce(file: string, options: OpenOptions): { db: Database } | { moved: string } {
  const { applicationId, migrations, durability } = options;
  const db = new Database(file, { create: true, strict: true });
  try {
    // EXCLUSIVE comes first: WAL then needs no shared memory, and no second process can open or read the file.
    db.run("PRAGMA locking_mode = EXCLUSIVE");
    db.run("PRAGMA journal_mode = WAL");
    // FULL, not NORMAL: under WAL, NORMAL may lose the last commits when power fails, and edge boxes lose power.
    db.run(`PRAGMA synchronous = ${durability === "full" ? "FULL" : "NORMAL"}`);
    // macOS keeps what fsync wrote in the drive's cache; elsewhere these do nothing.
    db.run("PRAGMA fullfsync = 1");
    db.run("PRAGMA checkpoint_fullfsync = 1");
    checkPages(db, file);
    checkOwner(db, file, applicationId);
    migrate(db, file, applicationId, migrations);
    noteOwner(file);
    return { db };
  } catch (error) {
    try {
      // Before the close, which would delete the log beside a file it cannot read.
      if (isDamage(error)) return { moved: moveAside(file, options.nowMs(), error as Error) };
      throw error;
    } finally {
      db.close();
    }
  }
}

/** Closes a file that {@link openOwn} opened. */
export function closeOwn(db: Database, file: string) {
  forgetOwner(file);
  db.close();
}

class PageError extends Error {}

function checkPages(db: Database, file: string) {
  if (fs.statSync(file).size > CHECK_BYTES) return;
  const statement = db.prepare("PRAGMA quick_check(1)");
  const found = (statement.get() as { quick_check: string }).quick_check;
  statement.finalize();
  if (found !== "ok") throw new PageError(found);
}

function isDamage(error: unknown): boolean {
  if (error instanceof PageError) return true;
  return error instanceof SQLiteError && /^SQLITE_(NOTADB|CORRUPT)/.test(error.code ?? "");
}

/** Renames the file and its log together, since neither can be read without the other. Nothing is deleted. */
function moveAside(file: string, nowMs: number, { message }: Error): string {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, "");
  let aside = `${file}.corrupt-${stamp}`;
  for (let again = 2; fs.existsSync(aside); again++) aside = `${file}.corrupt-${stamp}-${again}`;
  for (const end of ["-wal", "-shm", ""]) {
    if (fs.existsSync(file + end)) fs.renameSync(file + end, aside + end);
  }
  syncFolder(path.dirname(file));
  return `queue ${file} is damaged (${message}): it was moved to ${aside}, and an empty queue takes its place; what it held can be looked for there with sqlite3 and .recover`;
}

/** What SQLite said, as an error that names the file and the way out. */
export function refusal(file: string, error: unknown): Error {
  if (error instanceof StoreError) return error;
  const { code = "", message } = error as SQLiteError;
  if (/^SQLITE_BUSY/.test(code)) return busy(file, error);
  return new StoreError(
    "QUEUE_UNOPENABLE",
    `cannot open queue ${file}: ${message}; check the path and the right to write to its folder`,
    { cause: error },
  );
}

function busy(file: string, cause: unknown): StoreError {
  return new StoreError(
    "QUEUE_BUSY",
    `cannot open queue ${file}: ${ownerName(file)} has it, and a queue belongs to one process at a time; stop that one, or put producer and consumer into one graph`,
    { cause },
  );
}

function ownerName(file: string): string {
  const owner = ownerOf(file);
  if (owner === undefined) return "another process";
  if (owner.pid === process.pid && owner.host === os.hostname()) return `this process, ${owner.pid},`;
  return `process ${owner.pid} on ${owner.host} (${owner.command})`;
}

/** Makes `folder`, each part of it on the disk before a file is. */
export function makeFolder(folder: string, file: string) {
  try {
    const first = fs.mkdirSync(folder, { recursive: true });
    if (first === undefined) return;
    for (let made = folder; made !== path.dirname(first); made = path.dirname(made)) syncFolder(path.dirname(made));
  } catch (error) {
    throw refusal(file, error);
  }
}

/** Windows cannot open folders, and its renames are journaled. */
function syncFolder(folder: string) {
  if (process.platform === "win32") return;
  const descriptor = fs.openSync(folder, "r");
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}
