import { SQLiteError } from "bun:sqlite";
import * as fs from "node:fs";
import * as path from "node:path";
import { syncFolder } from "./folder.ts";

/** A file that SQLite opens, and that is not what it was. */
export class DamageError extends Error {}

const codeOf = (error: unknown) => (error instanceof SQLiteError ? (error.code ?? "") : "");

/** Bytes of the file are wrong. */
export const isDamage = (error: unknown) =>
  error instanceof DamageError || /^SQLITE_(NOTADB|CORRUPT)/.test(codeOf(error));

/** The disk has no room. */
export const isFull = (error: unknown) => /^SQLITE_FULL/.test(codeOf(error));

/** The disk failed, or was taken away or made read-only under it; the handle is not to be used any more. */
export const isDiskFailure = (error: unknown) => /^SQLITE_(IOERR|READONLY|CANTOPEN)/.test(codeOf(error));

/**
 * Moves the file and its log out of the way, together, since neither can be read without the other, and a log that
 * stayed would be taken for the next file's. The mark beside them is copied: the numbers go on. Nothing is deleted.
 */
export function moveAside(file: string, nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, "");
  let aside = `${file}.corrupt-${stamp}`;
  for (let again = 2; fs.existsSync(aside); again++) aside = `${file}.corrupt-${stamp}-${again}`;
  if (fs.existsSync(`${file}.hwm`)) fs.copyFileSync(`${file}.hwm`, `${aside}.hwm`);
  // The log first: a power cut in between must not leave it beside a new file.
  for (const end of ["-wal", "-shm", "-journal", ""]) {
    if (fs.existsSync(file + end)) fs.renameSync(file + end, aside + end);
  }
  syncFolder(path.dirname(file));
  return aside;
}
