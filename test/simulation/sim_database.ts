import { Database, SQLiteError } from "bun:sqlite";

/** What the disk does to a commit. */
export type CommitFate =
  | "done"
  /** It fails, and nothing of it is there. */
  | "refused"
  /** It fails, and it is there all the same. */
  | "indeterminate"
  /** There is no room. */
  | "full"
  /** The process dies before it … */
  | "dies_before"
  /** … or after it, with nobody told. */
  | "dies_after";

/** Thrown through the program when it dies before a commit, so that nothing takes it for done. */
class Died extends Error {}

const COMMIT = /^\s*(COMMIT|END)\b/i;

/** A real SQLite database in memory whose commits go to a disk that may fail. */
export class SimDatabase extends Database {
  readonly #fate: () => CommitFate;
  readonly #die: () => void;

  constructor(image: Uint8Array | undefined, fate: () => CommitFate, die: () => void) {
    super((image ?? ":memory:") as string, { create: true, readwrite: true, strict: true });
    this.#fate = fate;
    this.#die = die;
  }

  // biome-ignore lint/suspicious/noExplicitAny: the type of the original
  override transaction(run: (...values: any[]) => any): any {
    const begin =
      (how: string) =>
      (...values: unknown[]) => {
        this.run(`BEGIN ${how}`);
        try {
          const result = run(...values);
          this.#commit();
          return result;
        } catch (error) {
          if (this.inTransaction) super.run("ROLLBACK");
          throw error;
        }
      };
    return Object.assign(begin("DEFERRED"), { immediate: begin("IMMEDIATE"), exclusive: begin("EXCLUSIVE") });
  }

  // biome-ignore lint/suspicious/noExplicitAny: the type of the original
  override run(sql: string, ...values: any[]): any {
    return COMMIT.test(sql) ? this.#commit() : super.run(sql, ...values);
  }

  // biome-ignore lint/suspicious/noExplicitAny: the type of the original
  override prepare(sql: string, ...values: any[]): any {
    if (!COMMIT.test(sql)) return super.prepare(sql, ...values);
    return { run: () => this.#commit(), finalize() {} };
  }

  #commit() {
    const fate = this.#fate();
    if (fate === "dies_before") {
      this.#die();
      throw new Died("the process died before a commit");
    }
    if (fate === "refused" || fate === "full") super.run("ROLLBACK");
    else super.run("COMMIT");
    if (fate === "dies_after") this.#die();
    else if (fate === "full") throw failure("SQLITE_FULL", "database or disk is full");
    else if (fate !== "done") throw failure("SQLITE_IOERR_FSYNC", "disk I/O error");
    return { changes: 0, lastInsertRowid: 0 };
  }
}

/** As SQLite would throw it: the class cannot be made from outside. */
function failure(code: string, message: string): SQLiteError {
  const error = Object.assign(new Error(message), { name: "SQLiteError", code });
  return Object.setPrototypeOf(error, SQLiteError.prototype) as SQLiteError;
}
