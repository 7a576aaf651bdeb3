import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import * as path from "node:path";
import { openInline } from "../../src/store/index.ts";
import { APPLICATION_ID, MIGRATIONS } from "../../src/store/layout.ts";
import { migrate } from "../../src/store/migrate.ts";
import { entries, lease } from "../conformance/queue.ts";
import { virtualClock } from "../support/clock.ts";
import { temporaryFolder } from "../support/folder.ts";

/** CRC-32 as the first version of the file had it, over seven fields. */
const crcOf = (fields: readonly string[]) => Bun.hash.crc32(fields.join("\0"));

/** A file of the first version: an acknowledged row, a dead one, one that waits, one delayed, one that was out. */
function firstVersion(file: string, nowMs: number) {
  const db = new Database(file, { create: true, strict: true });
  migrate(db, file, APPLICATION_ID, MIGRATIONS.slice(0, 1));
  const texts = (key: string) => {
    const { packet_id, ts, kind, source_id, payload, meta } = entries(key)[0]!;
    return [key, packet_id, ts, kind, source_id, payload, meta];
  };
  const insert = (seq: number, key: string, attempts = 0, notBefore = 0, until: number | null = null) =>
    db.run(
      `INSERT INTO packets (seq, key, packet_id, ts, kind, source_id, payload, meta, enqueued_ms, crc, attempts,
        not_before_ms, lease_until_ms, holder) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'worker')`,
      [seq, ...texts(key), nowMs - 1_000, crcOf(texts(key)), attempts, notBefore, until],
    );
  db.run("INSERT INTO remembered_keys VALUES ('acked', 1, ?)", [nowMs - 1_000]);
  db.run(
    `INSERT INTO dead_letters (seq, key, packet_id, ts, kind, source_id, payload, meta, enqueued_ms, crc, attempts,
      first_failed_ms, last_failed_ms, error) VALUES (2, ?, ?, ?, ?, ?, ?, ?, 5, ?, 5, 6, 7, '400')`,
    [...texts("dead"), crcOf(texts("dead"))],
  );
  insert(3, "waits");
  insert(4, "delayed", 1, nowMs + 500);
  insert(5, "out", 2, 0, nowMs + 60_000);
  db.run("UPDATE totals SET enqueued = 5, acked = 1, dead = 1");
  db.close();
}

test("a file of the first version is taken over with its rows, dead letters, keys, attempts and numbers", async () => {
  using folder = temporaryFolder();
  const file = path.join(folder.path, "q.sqlite3");
  const clock = virtualClock();
  firstVersion(file, clock.nowMs());
  const queue = await openInline(file, { clock, onEvent() {}, ballastBytes: 0, minFreeBytes: 0 });
  expect(await queue.verify()).toEqual([]);
  expect(queue.stats()).toMatchObject({ ready: 3, dead: 1 });
  expect(await queue.enqueue(entries("acked", "dead", "waits", "new"))).toEqual([
    { seq: 1, duplicate: true },
    { seq: 2, duplicate: true },
    { seq: 3, duplicate: true },
    { seq: 6, duplicate: false },
  ]);
  const first = await lease(queue, 9, "worker", 10_000);
  // What was out may have ended the process, so it goes alone.
  expect(first.map(({ key, attempt, backlog }) => [key, attempt, backlog])).toEqual([["waits", 1, true]]);
  await queue.ack(first);
  const second = await lease(queue, 9, "worker", 10_000);
  expect(second.map(({ key, attempt }) => [key, attempt])).toEqual([["out", 3]]);
  await queue.ack(second);
  clock.advance(500);
  const third = await lease(queue, 9, "worker", 10_000);
  expect(third.map(({ key, attempt }) => [key, attempt])).toEqual([
    ["delayed", 2],
    ["new", 1],
  ]);
  expect(await queue.dead(0, 9)).toMatchObject([
    { seq: 2, key: "dead", attempts: 5, error: "400", enqueuedMs: 5, firstFailedMs: 6, lastFailedMs: 7 },
  ]);
  clock.advance(3_600_000);
  expect(await queue.enqueue(entries("acked"))).toEqual([{ seq: 7, duplicate: false }]);
  expect(await queue.verify()).toEqual([]);
  await queue.close();
});

test("an empty file of the first version goes on with its numbers", async () => {
  using folder = temporaryFolder();
  const file = path.join(folder.path, "q.sqlite3");
  const db = new Database(file, { create: true, strict: true });
  migrate(db, file, APPLICATION_ID, MIGRATIONS.slice(0, 1));
  db.run("INSERT INTO sqlite_sequence VALUES ('packets', 41)");
  db.run("UPDATE totals SET enqueued = 41, acked = 41");
  db.close();
  const queue = await openInline(file, { clock: virtualClock(), onEvent() {}, ballastBytes: 0, minFreeBytes: 0 });
  expect(await queue.enqueue(entries("a"))).toEqual([{ seq: 42, duplicate: false }]);
  expect(await queue.verify()).toEqual([]);
  await queue.close();
});
