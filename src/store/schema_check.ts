import { Database } from "bun:sqlite";
import { DamageError } from "./damage.ts";
import { checkOwner, newer } from "./migrate.ts";
import { readAll, readPragma } from "./pragma.ts";

export interface Layout {
  applicationId: number;
  /** Statements that lead from one version of the file to the next. */
  migrations: readonly string[];
}

/**
 * Whose file this is and of which version, `marked` being what the mark beside it says (undefined: there is none).
 *
 * SQLite checks no byte of the header, so what it says is compared with the tables: a flipped bit there must neither
 * lock a queue out as foreign or newer, nor migrate it twice. Where the tables are whole the header is written anew.
 */
export function fileVersion(db: Database, file: string, layout: Layout, marked: number | undefined): number {
  const known = layout.migrations.length;
  const said = readPragma(db, "user_version");
  const ours = readPragma(db, "application_id") === layout.applicationId;
  if (!ours && marked === undefined) checkOwner(db, file, layout.applicationId);
  if (said > known && (marked === undefined || marked >= said)) throw newer(file, said, known);
  const there = objects(db);
  if (there.size === 0 && said === 0) return 0;
  const fitting = layout.migrations.map((_, index) => index + 1).filter((version) => fits(there, layout, version));
  const version = fitting.includes(said) ? said : fitting.at(-1);
  if (version === undefined) throw new DamageError(`its tables are not those of a queue of version ${said}`);
  if (version !== said || !ours) stamp(db, layout.applicationId, version);
  return version;
}

export function stamp(db: Database, applicationId: number, version: number) {
  db.run(`PRAGMA application_id = ${applicationId}`);
  db.run(`PRAGMA user_version = ${version}`);
}

const fits = (there: Set<string>, { migrations }: Layout, version: number) =>
  expected(migrations.slice(0, version)).every((sql) => there.has(sql));

const OBJECTS = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'";

const objects = (db: Database) => new Set(readAll<{ sql: string }>(db, OBJECTS).map(({ sql }) => sql));

const made = new Map<string, string[]>();

/** What these migrations make of an empty file. */
function expected(migrations: readonly string[]): string[] {
  const key = migrations.join("\0");
  let found = made.get(key);
  if (found === undefined) {
    const db = new Database(":memory:");
    for (const statements of migrations) db.run(statements);
    found = [...objects(db)];
    db.close();
    made.set(key, found);
  }
  return found;
}
