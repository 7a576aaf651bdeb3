import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { BackgroundCheck } from "../../../src/store/background_check.ts";
import { checkpointPages } from "../../../src/store/write_ahead_log.ts";
import { virtualClock } from "../../support/clock.ts";
import { add, guardedFile } from "./setup.ts";

const pending = (db: Parameters<typeof add>[0]["db"]) => {
  const { log, checkpointed } = db.query("PRAGMA wal_checkpoint(NOOP)").get() as { log: number; checkpointed: number };
  return log - checkpointed;
};

test("the log is folded into the file within a second of the last commit, and cut when the file is closed", () => {
  using at = guardedFile();
  const opened = at.open();
  add(opened, "a");
  expect(pending(opened.db)).toBeGreaterThan(0);
  at.clock.advance(1_000);
  expect(pending(opened.db)).toBe(0);
  expect(at.clock.pending).toBe(0);
  opened.guards.close();
  expect(fs.existsSync(`${at.file}-wal`)).toBe(false);
});

test("the log never holds more than half the ballast, so that at a full disk there is room for it in the file", () => {
  expect([checkpointPages(0), checkpointPages(64 * 1_024), checkpointPages(1 << 30)]).toEqual([1_000, 8, 1_000]);
  using at = guardedFile();
  const opened = at.open();
  for (let row = 0; row < 200; row++) {
    add(opened, `k${row}`);
    // One transaction may be in it besides.
    expect(pending(opened.db)).toBeLessThanOrEqual(8 + 8);
  }
});

test("beforeEnqueue() refuses below min_free, and says so once", () => {
  using at = guardedFile({ minFreeBytes: 2 ** 60 });
  const opened = at.open();
  expect([opened.guards.beforeEnqueue(), opened.guards.beforeEnqueue()]).toEqual(["min_free", "min_free"]);
  expect(at.heard.filter(({ fields }) => fields.alarm === "min_free")).toHaveLength(1);
});

test("a log longer than the alarm is told once, one longer than the cap takes no rows", () => {
  using at = guardedFile();
  const opened = at.open();
  add(opened, "a");
  fs.truncateSync(`${at.file}-wal`, 65 * 1_024 * 1_024);
  at.clock.advance(1_000);
  expect(at.heard).toEqual([
    expect.objectContaining({ level: "error", fields: expect.objectContaining({ alarm: "wal" }) }),
  ]);
  expect(opened.guards.beforeEnqueue()).toBeUndefined();
  fs.truncateSync(`${at.file}-wal`, 257 * 1_024 * 1_024);
  expect(opened.guards.beforeEnqueue()).toBe("wal");
});

test("a file that was drained gives its room back to the disk", () => {
  using at = guardedFile();
  const opened = at.open();
  const { db, guards } = opened;
  db.run(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 70000)
     INSERT INTO packets (key, payload) SELECT 'k' || i, '"' || hex(zeroblob(500)) || '"' FROM n`,
  );
  guards.afterCommit(70_000);
  at.clock.advance(1_000);
  expect(guards.fileBytes()).toBeGreaterThan(64 * 1_024 * 1_024);
  db.run("DELETE FROM packets");
  guards.afterCommit(70_000);
  at.clock.advance(1_000);
  expect(guards.fileBytes()).toBeLessThan(64 * 1_024);
  expect(add(opened, "next")).toBe(70_001);
});

test("BackgroundCheck reads a file slice by slice and finds a torn page", () => {
  using at = guardedFile();
  const first = at.open();
  first.db.run(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
     INSERT INTO packets (key, payload) SELECT 'k' || i, '"' || hex(zeroblob(50)) || '"' FROM n`,
  );
  let slices = 1;
  const check = new BackgroundCheck(first.db, virtualClock());
  while (check.next()) slices += 1;
  expect(slices).toBeGreaterThan(4);
  first.guards.afterCommit(20_000);
  first.guards.close();
  const bytes = fs.readFileSync(at.file);
  const page = Math.floor(bytes.indexOf('k15000"00') / 4_096);
  bytes.fill(0xff, page * 4_096, (page + 1) * 4_096);
  fs.writeFileSync(at.file, bytes);
  const db = new Database(at.file);
  const again = new BackgroundCheck(db, virtualClock());
  expect(() => {
    while (again.next());
  }).toThrow("malformed");
  db.close();
});
