import type { Database } from "bun:sqlite";
import { StoreError } from "./error.ts";
import { readAll, readPragma } from "./pragma.ts";

/**
 * Brings `db` to the version that `migrations` end at: migration 1 leads from version 0 to 1. All steps are one
 * transaction, so a process that is killed in between leaves the old version. A newer file is refused.
 */
export function migrate(db: Database, file: string, applicationId: number, migrations: readonly string[]) {
  const version = readPragma(db, "user_version");
  if (version > migrations.length) throw newer(file, version, migrations.length);
  if (version === migrations.length) return;
  const run = db.transaction(() => {
    for (const statements of migrations.slice(version)) db.run(statements);
    db.run(`PRAGMA application_id = ${applicationId}`);
    db.run(`PRAGMA user_version = ${migrations.length}`);
  });
  run.immediate();
}

export function newer(file: string, version: number, known: number): StoreError {
  return new StoreError(
    "QUEUE_NEWER",
    `cannot open ${file}: it has version ${version}, this schnitzel knows up to version ${known}; use a newer schnitzel, or another path`,
  );
}

/** Throws when the file is a database of something else. An empty file is nobody's. */
export function checkOwner(db: Database, file: string, applicationId: number) {
  const found = readPragma(db, "application_id");
  if (found === applicationId) return;
  const tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
  const names = readAll<{ name: string }>(db, tables).map(({ name }) => name);
  if (found === 0 && names.length === 0) return;
  throw new StoreError(
    "QUEUE_FOREIGN",
    `cannot use ${file} as a queue: it is another database, with tables ${names.join(", ") || "none"}; name another path${
      names.includes("packets") ? ", or set layout: predecessor if the predecessor wrote it" : ""
    }`,
  );
}

export function readNumber(db: Database, pragma: "user_version" | "application_id"): number {
  return readPragma(db, pragma);
}
