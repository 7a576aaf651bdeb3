/**
 * Fills the disk with a queue and with another program's file, then acknowledges row by row, as the queue does: a call
 * that fails for want of room gives up the ballast and is tried once more. Prints what came of it.
 */
import { SQLiteError } from "bun:sqlite";
import * as fs from "node:fs";
import * as path from "node:path";
import { isFull } from "../../src/store/damage.ts";
import type { FileOptions } from "../../src/store/guards.ts";
import { APPLICATION_ID } from "../../src/store/layout.ts";
import schema from "../../src/store/migrations/0001_queue.sql" with { type: "text" };
import { openFile } from "../../src/store/open_file.ts";
import { readRow } from "../../src/store/pragma.ts";
import { virtualClock } from "../support/clock.ts";
import { fillUp, remove } from "./store_other_program.ts";

const [folder, ballast, rows, inside = "."] = process.argv.slice(2) as [string, string, string, string?];
const place = path.join(folder, inside);
const clock = virtualClock();
const events: string[] = [];
const options: FileOptions = {
  clock,
  onEvent: (level, message, { alarm }) => events.push(`${level} ${alarm ?? message}`),
  durability: "full",
  applicationId: APPLICATION_ID,
  migrations: [schema],
  sequence: "packets",
  onSkip: () => {},
  onCorrupt: (error) => events.push(`corrupt ${error.message}`),
  allowNetworkDisk: false,
  minFreeBytes: 0,
  ballastBytes: Number(ballast),
};
let { db, guards } = openFile(path.join(place, "q.sqlite3"), options);

let last = 0;
const INSERT = `INSERT INTO packets (key, enqueued_ms, packet_id, ts, kind, source_id, payload, meta, crc)
  VALUES (?, 1, 'id', 'ts', 'event', 'cam', ?, '{}', 1)`;

/** False: nothing was written. */
function enqueue(): boolean {
  if (guards.beforeEnqueue() !== undefined) return false;
  let seq = 0;
  try {
    db.transaction(() => {
      seq = Number(db.run(INSERT, [`key-${last + 1}`, JSON.stringify("x".repeat(700))]).lastInsertRowid);
    }).immediate();
  } catch (error) {
    if (!isFull(error)) throw error;
    guards.onFull("enqueue");
    return false;
  }
  last = seq;
  guards.afterCommit(last);
  return true;
}

function ack(seq: number) {
  const settle = () =>
    db
      .transaction(() => {
        db.run("INSERT INTO remembered_keys (key, seq, acked_ms) SELECT key, seq, 1 FROM packets WHERE seq = ?", [seq]);
        db.run("DELETE FROM packets WHERE seq = ?", [seq]);
      })
      .immediate();
  try {
    settle();
  } catch (error) {
    if (!isFull(error)) throw error;
    guards.onFull("settle");
    // What was given up is everybody's: the other program takes what the queue does not write at once.
    settle();
    fillUp(other);
  }
  guards.afterCommit(last);
}

const other = path.join(place, "other_program.log");
while (last < Number(rows) && enqueue());
fillUp(other);
const refusedAt = last;
while (enqueue());
const refusal = guards.beforeEnqueue();
let acked = 0;
try {
  for (let seq = 1; seq <= last; seq++) {
    ack(seq);
    acked += 1;
    if (acked % 16 === 0) clock.advance(1_000);
    if (acked === 20) {
      // The program is restarted while the disk is full.
      guards.close();
      fillUp(other);
      ({ db, guards } = openFile(path.join(place, "q.sqlite3"), options));
    }
  }
} catch (error) {
  if (!(error instanceof SQLiteError)) throw error;
  events.push(`ack failed ${error.code}`);
}
const stillFull = guards.beforeEnqueue();
remove(other);
clock.advance(2_000);
const recovered = guards.beforeEnqueue() === undefined && enqueue();
const left = readRow<{ n: number }>(db, "SELECT count(*) AS n FROM packets")!.n;
const integrity = readRow<{ integrity_check: string }>(db, "PRAGMA integrity_check")!.integrity_check;
const ballastBytes = fs.existsSync(path.join(place, "q.sqlite3.ballast"))
  ? fs.statSync(path.join(place, "q.sqlite3.ballast")).size
  : 0;
guards.close();
console.log(
  JSON.stringify({
    enqueued: last,
    refusedAt,
    refusal,
    acked,
    stillFull,
    recovered,
    left,
    integrity,
    ballastBytes,
    events,
  }),
);
