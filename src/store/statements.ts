import type { Database, Statement } from "bun:sqlite";

type Value = string | number | null | Uint8Array<ArrayBuffer>;

/** Compiles each text once. A statement that is not finalized keeps the file locked after its database is closed. */
export function statements(db: Database) {
  const made = new Map<string, Statement>();
  const prepare = (sql: string) => {
    let statement = made.get(sql);
    if (statement === undefined) {
      statement = db.prepare(sql);
      made.set(sql, statement);
    }
    return statement;
  };
  return {
    get: <Row>(sql: string, ...values: Value[]) => prepare(sql).get(...values) as Row | null,
    all: <Row>(sql: string, ...values: Value[]) => prepare(sql).all(...values) as Row[],
    /** Rows changed. */
    run: (sql: string, ...values: Value[]) => prepare(sql).run(...values).changes,
    /** Number of the row inserted. */
    insert: (sql: string, ...values: Value[]) => Number(prepare(sql).run(...values).lastInsertRowid),
    finalize() {
      for (const statement of made.values()) statement.finalize();
      made.clear();
    },
  };
}

export type Statements = ReturnType<typeof statements>;
