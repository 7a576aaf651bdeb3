import { Database } from "bun:sqlite";
import { DamageError } from "./damage.ts";
import { checkOwner, newer } from "./migrate.ts";
import { readAll, readPragma } from "./pragma.ts";

export interface Layout {
  applicationId: number;
  /** Statements that lead from one version of the file to the next. */
  migrations: readonly string[];
  words?: { readonly what: string } | undefined;
}

/**
 * Whose file this is and of which version, `marked` being what the mark beside it says (undefined: there is none).
 *
 * SQLite checks no byte of the header, so what it says is compared with the tables: a flipped bit there must neither
 * lock a queue out as foreign or newer, nor migrate it twice. Where the tables are whole, and there are no others, the
 * header is written anew, and `onMended` told.
 */
export function fileVersion(
  db: Database,
  file: string,
  layout: Layout,
  marked: number | undefined,
  onMended: (told: string) => void = () => {},
): number {
  const known = layout.migrations.length;
  const said = readPragma(db, "user_version");
  const ours = readPragma(db, "application_id") === layout.applicationId;
  if (!ours && marked === undefined) checkOwner(db, file, layout.applicationId);
  const there = objects(db);
  // The mark may be behind when power failed in the midst of a later version's first open; its tables are there then.
  const later = marked === undefined || marked >= said || hasOthers(there, layout);
  if (said > known && later) throw newer(file, said, known);
  if (there.size === 0 && said === 0) return 0;
  const fitting = layout.migrations.map((_, index) => index + 1).filter((version) => fits(there, layout, version));
  const version = fitting.includes(said) ? said : fitting.at(-1);
  const what = layout.words?.what ?? "queue";
  if (version === undefined) throw new DamageError(`its tables are not those of a ${what} of version ${said}`);
  if (version === said && ours) return version;
  stamp(db, layout.applicationId, version);
  onMended(
    `its header was damaged: it said ${ours ? `version ${said}` : `that it is no ${what}`}, its tables are those of version ${version}, and it says so again`,
  );
  return version;
}

export function stamp(db: Database, applicationId: number, version: number) {
  db.run(`PRAGMA application_id = ${applicationId}`);
  db.run(`PRAGMA user_version = ${version}`);
}

const fits = (there: Set<string>, { migrations }: Layout, version: number) =>
  expected(migrations.slice(0, version)).every((sql) => there.has(sql));

/** Tables that no version up to ours has. All that ours makes are in a file of its last version. */
const hasOthers = (there: Set<string>, { migrations }: Layout) => {
  const known = new Set(migrations.flatMap((_, index) => expected(migrations.slice(0, index + 1))));
  return [...there].some((sql) => !known.has(sql));
};

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
