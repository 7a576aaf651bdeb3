import type { Database } from "bun:sqlite";
import * as path from "node:path";
import type { Clock } from "../../../src/base/clock.ts";
import type { FileOptions, OpenedFile } from "../../../src/store/guards.ts";
import { openFile } from "../../../src/store/open_file.ts";
import { virtualClock } from "../../support/clock.ts";
import { temporaryFolder } from "../../support/folder.ts";

/** Two tables of a queue's kind: numbered rows, and how many numbers were skipped. */
export const FIRST = `
  CREATE TABLE packets (seq INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, payload TEXT NOT NULL) STRICT;
  CREATE TABLE totals (skipped INTEGER NOT NULL) STRICT;
  INSERT INTO totals (skipped) VALUES (0);
`;

/** Touches every row, as a change of layout may. */
export const SECOND = `
  ALTER TABLE packets ADD COLUMN length INTEGER NOT NULL DEFAULT 0;
  UPDATE packets SET length = length(payload);
  CREATE INDEX packets_by_length ON packets (length, key);
`;

export interface Heard {
  level: string;
  message: string;
  fields: Readonly<Record<string, unknown>>;
}

/** What a file is opened with here, and what was heard of it. */
export function guardOptions(clock: Clock, heard: Heard[], changes: Partial<FileOptions> = {}): FileOptions {
  return {
    clock,
    onEvent: (level, message, fields) => heard.push({ level, message, fields }),
    durability: "full",
    applicationId: 0x53434e5a,
    migrations: [FIRST],
    sequence: "packets",
    onSkip: (db, count) => void db.run("UPDATE totals SET skipped = skipped + ?", [count]),
    onCorrupt: (error) => heard.push({ level: "corrupt", message: error.message, fields: {} }),
    allowNetworkDisk: false,
    minFreeBytes: 1_024 * 1_024,
    ballastBytes: 64 * 1_024,
    ...changes,
  };
}

/** A file in a folder of the test's own. */
export function guardedFile(changes: Partial<FileOptions> = {}) {
  const folder = temporaryFolder();
  const file = path.join(folder.path, "q.sqlite3");
  const clock = virtualClock();
  const heard: Heard[] = [];
  const opened: OpenedFile[] = [];
  return {
    file,
    folder: folder.path,
    clock,
    heard,
    /** Opens it, after whoever had it before was closed. */
    open(more: Partial<FileOptions> = {}): OpenedFile {
      opened.push(openFile(file, guardOptions(clock, heard, { ...changes, ...more })));
      return opened.at(-1)!;
    },
    [Symbol.dispose]() {
      for (const { guards } of opened) guards.close();
      folder[Symbol.dispose]();
    },
  };
}

/** Adds rows and tells the guards, as the queue does. Gives the last number. */
export function add({ db, guards }: OpenedFile, ...keys: string[]): number {
  let last = 0;
  db.transaction(() => {
    for (const key of keys)
      last = Number(db.run("INSERT INTO packets (key, payload) VALUES (?, ?)", [key, `"${key}"`]).lastInsertRowid);
  }).immediate();
  guards.afterCommit(last);
  return last;
}

export const keysIn = (db: Database) =>
  (db.query("SELECT key FROM packets ORDER BY seq").all() as { key: string }[]).map(({ key }) => key);
