import { Database, type SQLiteError, type Statement } from "bun:sqlite";
import * as fs from "node:fs";

/**
 * - `LOOKUP_ABSENT`: there is no such file
 * - `LOOKUP_BUSY`: another process is writing, for longer than a lookup may wait
 * - `LOOKUP_QUERY`: the query cannot be run, or is none with one parameter
 * - `LOOKUP_UNREADABLE`: it is no database, or the disk does not let it be read
 */
export type LookupCode = "LOOKUP_ABSENT" | "LOOKUP_BUSY" | "LOOKUP_QUERY" | "LOOKUP_UNREADABLE";

export class LookupError extends Error {
  readonly code: LookupCode;

  constructor(code: LookupCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The whole run waits for a lookup, so it does not wait for a writer for long; a commit takes milliseconds. */
const BUSY_MS = 50;

export type LookupRow = Record<string, unknown>;

/** Somebody's SQLite file, only to be read: one row by one key. */
export class LookupFile {
  readonly #file: string;
  readonly #db: Database;
  readonly #query: Statement<LookupRow, [string | number]>;
  readonly inode: number;

  constructor(file: string, query: string) {
    this.#file = file;
    // Before SQLite, which says of a missing file what it says of a forbidden one.
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    if (stat === undefined) throw new LookupError("LOOKUP_ABSENT", `cannot look up in ${file}: there is no such file`);
    this.inode = stat.ino;
    this.#db = attempt(file, () => new Database(file, READ_ONLY));
    try {
      this.#db.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
      this.#query = attempt(file, () => this.#db.prepare(query));
      const { paramsCount } = this.#query;
      if (paramsCount !== 1) {
        const message = `cannot look up in ${file}: the query must have one parameter, which is the key: it has ${paramsCount}`;
        throw new LookupError("LOOKUP_QUERY", `${message}; write WHERE id = ?`);
      }
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** The first row of the query for this key; undefined when there is none. */
  get(key: string | number): LookupRow | undefined {
    const row = attempt(this.#file, () => this.#query.get(key));
    if (row === null) return undefined;
    return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, this.#plain(name, value)]));
  }

  close() {
    this.#query.finalize();
    this.#db.close();
  }

  /** Whole numbers beyond 2^53 become text, as a double would be another one. */
  #plain(name: string, value: unknown): unknown {
    if (typeof value === "bigint") {
      const number = Number(value);
      return Number.isSafeInteger(number) ? number : String(value);
    }
    if (!ArrayBuffer.isView(value)) return value;
    const message = `cannot look up in ${this.#file}: column "${name}" holds bytes, which JSON has no place for`;
    throw new LookupError("LOOKUP_QUERY", `${message}; select hex("${name}") instead`);
  }
}

const READ_ONLY = { readonly: true, strict: true, safeIntegers: true } as const;

function attempt<Result>(file: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    const { code = "", message } = error as SQLiteError;
    const found = REASONS.find(([pattern]) => pattern.test(code));
    const [, kind, advice] = found ?? [undefined, "LOOKUP_UNREADABLE", "see what SQLite says of it"];
    throw new LookupError(kind as LookupCode, `cannot look up in ${file}: ${message}; ${advice}`, { cause: error });
  }
}

const REASONS: readonly (readonly [code: RegExp, kind: LookupCode, advice: string])[] = [
  [
    /^SQLITE_BUSY/,
    "LOOKUP_BUSY",
    `another process was writing for more than ${BUSY_MS} ms; journal_mode = WAL lets both work`,
  ],
  [/^SQLITE_(NOTADB|CORRUPT)/, "LOOKUP_UNREADABLE", "is it a SQLite database, and whole?"],
  [/^SQLITE_(CANTOPEN|READONLY|PERM|AUTH)/, "LOOKUP_UNREADABLE", "may this user read it, and its folder?"],
  [/^SQLITE_ERROR/, "LOOKUP_QUERY", "correct the query"],
];
