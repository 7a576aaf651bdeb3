import { SQLiteError } from "bun:sqlite";
import * as fs from "node:fs";
import type { FileOptions, OpenedFile } from "../../src/store/guards.ts";
import { APPLICATION_ID } from "../../src/store/layout.ts";
import schema from "../../src/store/migrations/0001_queue.sql" with { type: "text" };
import { readAll } from "../../src/store/pragma.ts";
import { virtualClock } from "../support/clock.ts";

/** A real queue file's options, its events as lines. */
export function queueFileOptions(events: string[], changes: Partial<FileOptions> = {}): FileOptions {
  return {
    clock: virtualClock(),
    onEvent: (level, message) => events.push(`${level} ${message}`),
    durability: "full",
    applicationId: APPLICATION_ID,
    migrations: [schema],
    sequence: "packets",
    onSkip: () => {},
    onCorrupt: (error) => events.push(`corrupt ${error.message}`),
    allowNetworkDisk: false,
    minFreeBytes: 0,
    ballastBytes: 64 * 1_024,
    ...changes,
  };
}

const INSERT = `INSERT INTO packets (key, enqueued_ms, packet_id, ts, kind, source_id, payload, meta, crc)
  VALUES (?, 1, 'id', 'ts', 'event', 'cam', '"x"', '{}', 1)`;

/** One row, one commit. Throws what SQLite throws; nothing is written then. */
export function write({ db, guards }: OpenedFile, key: string) {
  const seq = Number(db.transaction(() => db.run(INSERT, [key]).lastInsertRowid).immediate());
  guards.afterCommit(seq);
}

export const keysIn = ({ db }: OpenedFile) =>
  readAll<{ key: string }>(db, "SELECT key FROM packets ORDER BY seq").map(({ key }) => key);

export const codeOf = (error: unknown) =>
  error instanceof SQLiteError ? error.code : (error as { code?: string }).code;

export const say = (line: string) => void fs.writeSync(1, `${line}\n`);
