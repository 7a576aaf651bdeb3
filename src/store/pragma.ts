import type { Database } from "bun:sqlite";

type NumberPragma = "user_version" | "application_id" | "freelist_count" | "page_count" | "page_size";

/** A statement that is not finalized keeps the file locked after its database is closed. */
export function readRow<Row>(db: Database, sql: string, ...values: (string | number)[]): Row | null {
  const statement = db.prepare(sql);
  try {
    return statement.get(...values) as Row | null;
  } finally {
    statement.finalize();
  }
}

export function readAll<Row>(db: Database, sql: string, ...values: (string | number)[]): Row[] {
  const statement = db.prepare(sql);
  try {
    return statement.all(...values) as Row[];
  } finally {
    statement.finalize();
  }
}

export function readPragma(db: Database, pragma: NumberPragma): number {
  return readRow<Record<string, number>>(db, `PRAGMA ${pragma}`)![pragma]!;
}
