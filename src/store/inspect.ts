import { constants, Database, SQLiteError } from "bun:sqlite";
import * as fs from "node:fs";
import { HighWater } from "./high_water.ts";
import { QUEUE_FORMAT } from "./layout.ts";
import { type Owner, ownerOf } from "./owner.ts";
import { readPragma, readRow } from "./pragma.ts";

/**
 * - `absent`: there is no such file
 * - `busy`: a process has it
 * - `foreign`: it is no queue of ours
 * - `newer`: a later version of schnitzel wrote it
 * - `damaged`: its bytes are wrong; opening it moves it aside
 * - `unreadable`: the system does not let it be read
 */
export type FileState = "ok" | "absent" | "busy" | "foreign" | "newer" | "damaged" | "unreadable";

export interface Inspected {
  file: string;
  state: FileState;
  /** What is wrong, as a sentence. */
  reason?: string;
  /** Its layout; a lower one than the program's is brought up to date when the file is opened. */
  version?: number;
  rows?: number;
  dead?: number;
  /** Numbers that were given, by the mark beside the file, and that it does not know: rows that the disk lost. */
  tailLost?: number;
  fileBytes?: number;
  /** Not empty after a process was killed: what is in it is part of the queue. */
  walBytes?: number;
  owner?: Owner | undefined;
}

/** Files up to this size are checked page by page; it takes about a second. */
const CHECK_BYTES = 256 * 1024 * 1024;

/** Looks at a queue file and changes nothing, neither in it nor beside it. A process that starts meanwhile waits or fails. */
export function inspectQueueFile(file: string): Inspected {
  const owner = ownerOf(file);
  // To read a file and close it would give up the lock that this process has on it (fcntl(2)).
  if (owner?.pid === process.pid) return { file, state: "busy", reason: "this process has it", owner };
  const size = (name: string) => fs.statSync(name, { throwIfNoEntry: false })?.size;
  const fileBytes = size(file);
  if (fileBytes === undefined) return { file, state: "absent" };
  const sizes = { fileBytes, walBytes: size(`${file}-wal`) ?? 0 };
  try {
    if (sizes.walBytes === 0 && fileBytes > 0) refuseOther(applicationIdOf(file));
    return { file, ...sizes, ...look(file, fileBytes) };
  } catch (error) {
    return { file, ...sizes, ...refusalOf(file, error as Error) };
  }
}

class Foreign extends Error {}

function refuseOther(found: number) {
  if (found !== QUEUE_FORMAT.applicationId) throw new Foreign("it is another database, or none at all");
}

function look(file: string, bytes: number) {
  // Reading makes files for the log and its index beside it; those that were there before belong to somebody.
  const made = [`${file}-shm`, `${file}-wal`].filter((name) => !fs.existsSync(name));
  const db = new Database(`file:${encodeURI(file).replace(/[?#]/g, encodeURIComponent)}?mode=ro`, READ_ONLY);
  try {
    const version = readPragma(db, "user_version");
    refuseOther(readPragma(db, "application_id"));
    if (version > QUEUE_FORMAT.version) {
      const reason = `it has version ${version}, this schnitzel knows up to version ${QUEUE_FORMAT.version}`;
      return { state: "newer", version, reason } as const;
    }
    const fault =
      bytes > CHECK_BYTES ? "ok" : readRow<{ quick_check: string }>(db, "PRAGMA quick_check(1)")!.quick_check;
    if (fault !== "ok") return { state: "damaged", version, reason: fault } as const;
    return { state: "ok", version, ...counts(db, version), tailLost: tailLost(db, file) } as const;
  } finally {
    // While this connection has its lock nobody of ours can come in, so these are the ones it made.
    if (readsOurs(db)) for (const name of made) fs.rmSync(name, { force: true });
    db.close();
  }
}

const READ_ONLY = constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI;

/** Counted by the file itself, as to count rows is to read them; the first version did not keep those that wait. */
function counts(db: Database, version: number): { rows: number; dead: number } {
  if (version > 1) return readRow(db, "SELECT waiting AS rows, dead FROM totals")!;
  return readRow(db, "SELECT enqueued - acked - dead AS rows, dead FROM totals")!;
}

function tailLost(db: Database, file: string): number {
  const last = readRow<{ seq: number }>(db, "SELECT seq FROM sqlite_sequence WHERE name = 'packets'")?.seq ?? 0;
  return Math.max(0, new HighWater(file).mark.seq - last);
}

function readsOurs(db: Database): boolean {
  try {
    return readPragma(db, "application_id") === QUEUE_FORMAT.applicationId;
  } catch {
    return false;
  }
}

/** As it stands in the header, which is in the file itself once its log is empty. */
function applicationIdOf(file: string): number {
  const header = Buffer.alloc(72);
  const descriptor = fs.openSync(file, "r");
  try {
    fs.readSync(descriptor, header, 0, header.length, 0);
  } finally {
    fs.closeSync(descriptor);
  }
  return header.readUInt32BE(68);
}

function refusalOf(file: string, error: Error): Pick<Inspected, "state" | "reason" | "owner"> {
  const reason = error.message;
  if (error instanceof Foreign) return { state: "foreign", reason };
  const code = error instanceof SQLiteError ? (error.code ?? "") : "";
  if (/^SQLITE_BUSY/.test(code)) return { state: "busy", reason, owner: ownerOf(file) };
  if (/^SQLITE_(NOTADB|CORRUPT)/.test(code)) return { state: "damaged", reason };
  return { state: "unreadable", reason };
}
