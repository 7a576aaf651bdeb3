import { SQLiteError } from "bun:sqlite";

/**
 * - `QUEUE_BUSY`: another process has the file
 * - `QUEUE_SHARED`: another edge or node of this process has the file
 * - `QUEUE_NEWER`: a later version of schnitzel wrote it
 * - `QUEUE_FOREIGN`: a database that is no queue of this layout
 * - `QUEUE_NETWORK_DISK`: its folder is on a disk where locks and fsync do not hold what a queue promises
 * - `QUEUE_UNOPENABLE`: the disk does not let it be opened
 * - `QUEUE_UNWRITABLE`: a call failed at the disk, and nothing of it was written
 * - `QUEUE_FULL`: it takes nothing at the moment, and nothing of the call was written
 * - `QUEUE_ENTRY`: what was to be enqueued cannot be
 */
export type StoreCode =
  | "QUEUE_BUSY"
  | "QUEUE_SHARED"
  | "QUEUE_NEWER"
  | "QUEUE_FOREIGN"
  | "QUEUE_NETWORK_DISK"
  | "QUEUE_UNOPENABLE"
  | "QUEUE_UNWRITABLE"
  | "QUEUE_FULL"
  | "QUEUE_ENTRY";

/** A refusal of the store. Code compares `code`; the message is for a person. */
export class StoreError extends Error {
  readonly code: StoreCode;

  constructor(code: StoreCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}

const ADVICE: readonly (readonly [code: RegExp, advice: string])[] = [
  [/^SQLITE_FULL/, "make room on the disk"],
  [/^SQLITE_READONLY/, "give the user that runs this the right to write there"],
  [/^SQLITE_CANTOPEN/, "see that its folder is there, and that this user may write in it"],
  [/^SQLITE_BUSY/, "another process was writing for too long; stop it, or try again"],
  [/^SQLITE_IOERR/, "look at the disk: it failed to read or write"],
];

/** What SQLite threw at a call of the queue in `file`, as an error that names the file and the way out. */
export function unwritable(file: string, error: unknown, what = "queue"): StoreError {
  if (error instanceof StoreError) return error;
  const { message, code = "" } = error as SQLiteError;
  const advice = ADVICE.find(([pattern]) => pattern.test(code))?.[1] ?? "see what SQLite says of it";
  return new StoreError("QUEUE_UNWRITABLE", `cannot write ${what} ${file}: ${message}; ${advice}`, { cause: error });
}

/** Runs one transaction of the queue in `file`; what SQLite throws becomes an error. */
export function inTransaction<Result>(file: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw error instanceof SQLiteError ? unwritable(file, error) : error;
  }
}

export const unopened = (file: string) =>
  new StoreError(
    "QUEUE_UNWRITABLE",
    `cannot write queue ${file}: its disk failed, and it cannot be opened again yet; look at the disk`,
  );
