import type { Database } from "bun:sqlite";
import * as fs from "node:fs";
import * as path from "node:path";
import { freeBytes } from "./disk_kind.ts";
import { syncFile, syncFolder } from "./folder.ts";
import { readPragma } from "./pragma.ts";

/** Larger files are migrated without: the copy takes a minute of a slow card, and the migration is one transaction. */
export const BACKUP_BYTES = 1024 * 1024 * 1024;

/**
 * Copies the file as it is before version `version` is left behind, to `<file>.v<version>.bak`: going back to the old
 * program is moving that file in place. Returns its name, or why there is none.
 */
export function backUp(db: Database, file: string, version: number): { to: string } | { reason: string } {
  const bytes = readPragma(db, "page_count") * readPragma(db, "page_size");
  if (bytes >= BACKUP_BYTES) return { reason: `it has ${bytes} bytes, and from ${BACKUP_BYTES} on none is made` };
  const free = freeBytes(path.dirname(file));
  if (free < bytes) return { reason: `it has ${bytes} bytes, and its disk ${free} free` };
  const to = `${file}.v${version}.bak`;
  const unfinished = `${to}.unfinished`;
  fs.rmSync(unfinished, { force: true });
  try {
    // Empty and there already, so that its mode is ours to choose.
    fs.writeFileSync(unfinished, "", { mode: 0o600 });
    db.run("VACUUM INTO ?", [unfinished]);
    syncFile(unfinished);
    fs.renameSync(unfinished, to);
    syncFolder(path.dirname(to));
    return { to };
  } catch (error) {
    fs.rmSync(unfinished, { force: true });
    return { reason: (error as Error).message };
  }
}
