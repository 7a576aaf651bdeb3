import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import type { QueueEntry } from "../../../src/store/entry.ts";
import schema from "../../../src/store/migrations/0001_queue.sql" with { type: "text" };
import { LAYOUT } from "../../../src/store/predecessor_layout.ts";
import type { DeadEntry } from "../../../src/store/queue.ts";
import { type SalvageReport, salvage } from "../../../src/store/salvage.ts";
import { temporaryFolder } from "../../support/folder.ts";

const PAGE = 4_096;
const ROWS = 2_000;

const crcOf = (fields: readonly string[]) => Bun.hash.crc32(fields.join("\0"));

/** A queue of the first layout with 2,000 rows of half a kilobyte and 20 dead letters, as its bytes. */
function queueFile(folder: string): string {
  const file = path.join(folder, "q.sqlite3");
  const db = new Database(file, { create: true });
  db.run("PRAGMA journal_mode = WAL");
  db.run(schema);
  const packet = db.prepare(
    "INSERT INTO packets (key, enqueued_ms, packet_id, ts, kind, source_id, payload, meta, crc) VALUES (?,?,?,?,?,?,?,?,?)",
  );
  const letter = db.prepare(
    "INSERT INTO dead_letters (seq, key, enqueued_ms, packet_id, ts, kind, source_id, payload, meta, crc, attempts, first_failed_ms, last_failed_ms, error) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
  );
  db.transaction(() => {
    for (let row = 1; row <= ROWS; row++) {
      const [key, ...rest] = fieldsOf(`k${row}`);
      packet.run(key!, 1, ...rest, crcOf([key!, ...rest]));
    }
    for (let row = 1; row <= 20; row++) {
      const [key, ...rest] = fieldsOf(`dead${row}`);
      letter.run(ROWS + row, key!, 1, ...rest, crcOf([key!, ...rest]), 5, 10, 20, "no answer");
    }
  })();
  packet.finalize();
  letter.finalize();
  db.close();
  return file;
}

const fieldsOf = (key: string) => [
  key,
  `id-${key}`,
  "2026-01-01T00:00:00Z",
  "event",
  "cam01",
  JSON.stringify(key.padEnd(500, ".")),
  "{}",
];

async function read(file: string, migrations: readonly string[] = [schema]) {
  const rows: QueueEntry[] = [];
  const dead: DeadEntry[] = [];
  const into = (batch: { rows: QueueEntry[]; dead: DeadEntry[] }) => {
    rows.push(...batch.rows);
    dead.push(...batch.dead);
  };
  const report: SalvageReport = await salvage(file, into, { migrations });
  return { rows, dead, report };
}

function change(file: string, edit: (bytes: Buffer) => void) {
  const bytes = fs.readFileSync(file);
  edit(bytes);
  fs.writeFileSync(file, bytes);
}

test("salvage() reads every row of a sound file, in order, and leaves the file as it is", async () => {
  using folder = temporaryFolder();
  const file = queueFile(folder.path);
  const before = Bun.hash(fs.readFileSync(file));
  const { rows, dead, report } = await read(file);
  expect(rows.map(({ key }) => key)).toEqual(Array.from({ length: ROWS }, (_, index) => `k${index + 1}`));
  expect(rows[0]).toEqual({
    ...{ key: "k1", packet_id: "id-k1", ts: "2026-01-01T00:00:00Z", kind: "event", source_id: "cam01" },
    ...{ payload: JSON.stringify("k1".padEnd(500, ".")), meta: "{}", partition: "" },
  });
  expect(dead[0]).toMatchObject({ key: "dead1", error: "no answer", attempts: 5, firstFailedMs: 10, lastFailedMs: 20 });
  expect(report).toEqual({
    layout: "schnitzel",
    rows: ROWS,
    dead: 20,
    damaged: 0,
    unreadable: [],
    headerRebuilt: false,
  });
  expect(Bun.hash(fs.readFileSync(file))).toBe(before);
  expect(fs.readdirSync(folder.path)).toEqual(["q.sqlite3"]);
});

test("salvage() reads around pages that are zeroed, and names the numbers that were on them", async () => {
  using folder = temporaryFolder();
  const file = queueFile(folder.path);
  change(file, (bytes) => {
    for (const page of [60, 61, 150]) bytes.fill(0, page * PAGE, (page + 1) * PAGE);
  });
  const { rows, report } = await read(file);
  const missing = report.unreadable
    .filter(({ table }) => table === "packets")
    .reduce((sum, { from, to }) => sum + to - from + 1, 0);
  expect(rows.length + missing).toBe(ROWS);
  // A page holds seven such rows; a zeroed page of an index costs none.
  expect(missing).toBeWithin(1, 25);
  expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length);
});

test("salvage() gives no row on whose bytes were changed, and counts it", async () => {
  using folder = temporaryFolder();
  const file = queueFile(folder.path);
  change(file, (bytes) => {
    const at = bytes.indexOf("k1234....");
    bytes[at + 100]! ^= 4;
  });
  const { rows, report } = await read(file);
  expect(rows.some(({ key }) => key === "k1234")).toBe(false);
  expect([rows.length, report.damaged]).toEqual([ROWS - 1, 1]);
});

test("salvage() reads a file whose first page is lost", async () => {
  using folder = temporaryFolder();
  const file = queueFile(folder.path);
  change(file, (bytes) => void bytes.fill(0xa5, 0, PAGE));
  const { rows, dead, report } = await read(file);
  expect([rows.length, dead.length, report.headerRebuilt]).toEqual([ROWS, 20, true]);
});

test("salvage() reads a file whose first page is lost after it was made shorter", async () => {
  using folder = temporaryFolder();
  const file = queueFile(folder.path);
  const db = new Database(file);
  db.run("DELETE FROM packets WHERE seq <= 1900");
  db.run("VACUUM");
  db.close();
  change(file, (bytes) => void bytes.fill(0, 0, PAGE));
  const { rows, dead, report } = await read(file);
  expect([rows.length, dead.length, report.headerRebuilt]).toEqual([100, 20, true]);
});

test("salvage() reads the log of a file that is gone", async () => {
  using folder = temporaryFolder();
  const file = path.join(folder.path, "q.sqlite3");
  const db = new Database(file, { create: true });
  db.run("PRAGMA journal_mode = WAL");
  db.run(schema);
  const [key, ...rest] = fieldsOf("a");
  db.run(
    "INSERT INTO packets (key, enqueued_ms, packet_id, ts, kind, source_id, payload, meta, crc) VALUES (?,?,?,?,?,?,?,?,?)",
    [key!, 1, ...rest, crcOf([key!, ...rest])],
  );
  const log = fs.readFileSync(`${file}-wal`);
  db.close();
  fs.rmSync(file);
  fs.writeFileSync(`${file}-wal`, log);
  const { rows } = await read(file);
  expect(rows.map((row) => row.key)).toEqual(["a"]);
});

test("salvage() reads what is left of a file that was cut off", async () => {
  using folder = temporaryFolder();
  const file = queueFile(folder.path);
  fs.truncateSync(file, Math.floor(fs.statSync(file).size / 2) + 100);
  const { rows, report } = await read(file);
  expect(rows.length).toBeWithin(ROWS / 3, ROWS);
  expect(report.unreadable.length).toBeGreaterThan(0);
});

test("salvage() reads the predecessor's layout, and leaves out what is no JSON any more", async () => {
  using folder = temporaryFolder();
  const file = path.join(folder.path, "old.sqlite3");
  const db = new Database(file, { create: true });
  for (const sql of [LAYOUT.table, ...LAYOUT.indexes]) db.run(sql);
  const insert = db.prepare(
    "INSERT INTO packets (enqueued_at, idempotency_key, packet_id, ts, kind, source_id, payload_json, meta_json) VALUES (?,?,?,?,?,?,?,?)",
  );
  for (const key of ["a", "b", "c"]) insert.run("t", key, key, "t", "event", "cam01", `{"n":NaN,"k":"${key}"}`, "{}");
  insert.finalize();
  db.close();
  change(file, (bytes) => void bytes.write("}", bytes.indexOf('{"n":NaN,"k":"b"}')));
  const { rows, report } = await read(file);
  expect(rows.map(({ key, payload }) => [key, payload])).toEqual([
    ["a", '{"n":NaN,"k":"a"}'],
    ["c", '{"n":NaN,"k":"c"}'],
  ]);
  expect(report).toMatchObject({ layout: "predecessor", rows: 2, damaged: 1 });
});

test("salvage() finds nothing in bytes that were never a queue, and says so", async () => {
  using folder = temporaryFolder();
  const file = path.join(folder.path, "noise.sqlite3");
  fs.writeFileSync(file, Buffer.alloc(20_000, 0x5a));
  const { rows, report } = await read(file);
  expect([rows, report]).toEqual([
    [],
    { layout: "none", rows: 0, dead: 0, damaged: 0, unreadable: [], headerRebuilt: false },
  ]);
});
