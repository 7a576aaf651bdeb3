import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { entryCodec, openInline, type QueueOptions } from "../../src/store/index.ts";
import { entries, lease, queueConformance } from "../conformance/queue.ts";
import { virtualClock } from "../support/clock.ts";
import { temporaryFolder } from "../support/folder.ts";
import { packet } from "../support/node.ts";

async function setup(options: Partial<QueueOptions> = {}) {
  const folder = temporaryFolder();
  const file = path.join(folder.path, "deep/er/q.sqlite3");
  const clock = virtualClock();
  const told: string[] = [];
  const onEvent = (_level: string, message: string) => void told.push(message);
  const start = () => openInline(file, { clock, onEvent, ballastBytes: 0, minFreeBytes: 0, ...options });
  let queue = await start();
  return {
    file,
    clock,
    told,
    queue,
    async reopen() {
      await queue.close();
      queue = await start();
      return queue;
    },
    /** Closes it, lets `change` have the file, opens it again. */
    async behindItsBack(change: (file: string) => void) {
      await queue.close();
      change(file);
      queue = await start();
      return queue;
    },
    async [Symbol.asyncDispose]() {
      await queue.close();
      folder[Symbol.dispose]();
    },
  };
}

queueConformance("a SQLite queue in this thread", setup);

test("a queue file is exclusive, in WAL, synced in full, and says whose it is", async () => {
  await using given = await setup();
  await given.queue.enqueue(entries("a"));
  expect(() => new Database(given.file, { readonly: true }).query("SELECT * FROM packets").all()).toThrow("locked");
  expect(fs.existsSync(`${given.file}-wal`)).toBe(true);
  expect(fs.existsSync(`${given.file}-shm`)).toBe(false);
  await given.behindItsBack((file) => {
    const db = new Database(file);
    const header = ["application_id", "user_version", "journal_mode"].map((name) =>
      Object.values(db.query(`PRAGMA ${name}`).get() as object).at(0),
    );
    db.close();
    expect(header).toEqual([0x53434e5a, 2, "wal"]);
  });
});

test("a database of something else is refused and left alone", async () => {
  using folder = temporaryFolder();
  const file = path.join(folder.path, "app.db");
  const db = new Database(file, { create: true });
  db.run("CREATE TABLE customers (id INTEGER)");
  db.close();
  const opening = openInline(file, { clock: virtualClock(), onEvent() {} });
  await expect(opening).rejects.toThrow(/QUEUE_FOREIGN: .*customers/);
  expect(fs.readdirSync(folder.path).filter((name) => name.includes("corrupt"))).toEqual([]);
});

test("a file that is no database is moved aside with its log and told, and an empty queue goes on", async () => {
  await using given = await setup();
  await given.queue.enqueue(entries("a"));
  const queue = await given.behindItsBack((file) => {
    fs.writeFileSync(file, "garbage ".repeat(1_000));
    fs.writeFileSync(`${file}-wal`, "log");
  });
  expect(queue.stats()).toMatchObject({ ready: 0, leased: 0, dead: 0 });
  expect(given.told).toEqual([
    expect.stringContaining("was moved to"),
    expect.stringContaining("its numbers go on after 1"),
  ]);
  const names = fs.readdirSync(path.dirname(given.file)).sort();
  const aside = names.filter((name) => name.includes("corrupt"));
  expect(aside).toEqual(["", "-wal", ".hwm"].map((end) => `q.sqlite3.corrupt-20260101T000000Z${end}`));
  expect(fs.readFileSync(path.join(path.dirname(given.file), aside[0]!), "utf8")).toStartWith("garbage");
});

test("a row whose bytes changed on the disk is found and set aside, and the next one is delivered", async () => {
  await using given = await setup();
  await given.queue.enqueue(entries("one", "two"));
  const queue = await given.behindItsBack((file) => {
    const bytes = fs.readFileSync(file);
    const at = bytes.indexOf('{"key":"one"}');
    bytes[at + 8] = "X".charCodeAt(0);
    fs.writeFileSync(file, bytes);
  });
  expect(await queue.verify()).toEqual(["row 1: its checksum does not match"]);
  expect(await lease(queue, 1, "worker", 1_000)).toMatchObject([{ key: "two" }]);
  expect(await queue.dead(0, 9)).toMatchObject([{ seq: 1, error: expect.stringContaining("damaged") }]);
});

test("a time from a clock that was ahead keeps no row back for longer than the longest delay", async () => {
  await using given = await setup();
  await given.queue.enqueue(entries("a"));
  const [row] = await lease(given.queue, 1, "worker", 1_000);
  await given.queue.nack([{ ...row!, reason: "400", delayMs: 10 }]);
  const queue = await given.behindItsBack((file) => {
    const db = new Database(file);
    db.run("UPDATE tries SET not_before_ms = 99999999999999");
    db.close();
  });
  expect(await lease(queue, 1, "worker", 1_000)).toEqual([]);
  given.clock.advance(300_000);
  expect(await lease(queue, 1, "worker", 1_000)).toHaveLength(1);
});

test("a call that fails writes nothing of itself, and its neighbours in the commit are written", async () => {
  await using given = await setup();
  const bad = { ...entries("b")[0]!, ts: null as unknown as string };
  const before = given.queue.enqueue(entries("a"));
  const failing = given.queue.enqueue([...entries("x"), bad]);
  const after = given.queue.enqueue(entries("c"));
  await expect(failing).rejects.toThrow("QUEUE_ENTRY: cannot enqueue packet id-b: its ts must be text, got null");
  expect([await before, await after]).toEqual([[{ seq: 1, duplicate: false }], [{ seq: 2, duplicate: false }]]);
  expect(given.queue.stats()).toMatchObject({ ready: 2, commits: 1 });
});

const loop: Record<string, unknown> = {};
loop.self = loop;

test.each([
  ["a bigint", { n: 1n }, "payload.n as JSON: it is a bigint"],
  ["a cycle", loop, "a cycle or more than 256 levels"],
  ["a date", { at: new Date(0) }, "payload.at as JSON: it is a Date"],
  ["NaN", { part: [Number.NaN] }, "payload.part[0] as JSON: it is NaN"],
  ["a function", { run: () => 1 }, "payload.run as JSON: it is a function"],
  ["bytes", new Uint8Array(2), "payload as JSON: it is a Uint8Array"],
  ["20 MB", "x".repeat(20_000_000), "at most 16777216 bytes, these are 20000004"],
])("an entry refuses %s and says where it is", (_what, payload, message) => {
  expect(() => entryCodec.encode(packet({ payload }))).toThrow(message);
});

test.each([
  ["an empty one", "", "is empty"],
  ["one of 10 kB", "k".repeat(10_000), "at most 1024 bytes, this one has 10000"],
])("a key is checked: %s is refused", (_what, idempotency_key, message) => {
  expect(() => entryCodec.encode(packet({ meta: { idempotency_key } }))).toThrow(message);
});
