import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { entryCodec, openQueue, type QueueOptions } from "../../src/store/index.ts";
import { entries, queueConformance } from "../conformance/queue.ts";
import { virtualClock } from "../support/clock.ts";
import { temporaryFolder } from "../support/folder.ts";
import { packet } from "../support/node.ts";

function setup(options: Partial<QueueOptions> = {}) {
  const folder = temporaryFolder();
  const file = path.join(folder.path, "deep/er/q.sqlite3");
  const clock = virtualClock();
  const told: string[] = [];
  const start = () => openQueue(file, { clock, onDamaged: (message) => void told.push(message), ...options });
  let queue = start();
  return {
    file,
    clock,
    told,
    queue,
    reopen() {
      queue.close();
      queue = start();
      return queue;
    },
    /** Closes it, lets `change` have the file, opens it again. */
    behindItsBack(change: (file: string) => void) {
      queue.close();
      change(file);
      queue = start();
      return queue;
    },
    [Symbol.dispose]() {
      queue.close();
      folder[Symbol.dispose]();
    },
  };
}

queueConformance("a SQLite queue", setup);

test("a queue file is exclusive, in WAL, synced in full, and says whose it is", () => {
  using given = setup();
  given.queue.enqueue(entries("a"));
  expect(() => new Database(given.file, { readonly: true }).query("SELECT * FROM packets").all()).toThrow("locked");
  expect(fs.existsSync(`${given.file}-wal`)).toBe(true);
  expect(fs.existsSync(`${given.file}-shm`)).toBe(false);
  given.behindItsBack((file) => {
    const db = new Database(file);
    const header = ["application_id", "user_version", "journal_mode"].map((name) =>
      Object.values(db.query(`PRAGMA ${name}`).get() as object).at(0),
    );
    db.close();
    expect(header).toEqual([0x53434e5a, 1, "wal"]);
  });
});

test("a queue of a newer schnitzel is refused, naming both versions, and stays as it is", () => {
  using given = setup();
  const tamper = (version: number) => (file: string) => {
    const db = new Database(file);
    db.run(`PRAGMA user_version = ${version}`);
    db.close();
  };
  expect(() => given.behindItsBack(tamper(7))).toThrow(/QUEUE_NEWER: .*has version 7, .*up to version 1/);
  tamper(1)(given.file);
});

test("a database of something else is refused and left alone", () => {
  using folder = temporaryFolder();
  const file = path.join(folder.path, "app.db");
  const db = new Database(file, { create: true });
  db.run("CREATE TABLE customers (id INTEGER)");
  db.close();
  expect(() => openQueue(file, { clock: virtualClock(), onDamaged() {} })).toThrow(/QUEUE_FOREIGN: .*customers/);
  expect(fs.readdirSync(folder.path).filter((name) => name.includes("corrupt"))).toEqual([]);
});

test("a file that is no database is moved aside with its log and told, and an empty queue goes on", () => {
  using given = setup();
  given.queue.enqueue(entries("a"));
  const queue = given.behindItsBack((file) => {
    fs.writeFileSync(file, "garbage ".repeat(1_000));
    fs.writeFileSync(`${file}-wal`, "log");
  });
  expect(queue.depth()).toEqual({ ready: 0, leased: 0, dead: 0 });
  expect(given.told).toEqual([expect.stringContaining("was moved to")]);
  const names = fs.readdirSync(path.dirname(given.file)).sort();
  const aside = names.filter((name) => name.includes("corrupt"));
  expect(aside).toEqual(["q.sqlite3.corrupt-20260101T000000Z", "q.sqlite3.corrupt-20260101T000000Z-wal"]);
  expect(fs.readFileSync(path.join(path.dirname(given.file), aside[0]!), "utf8")).toStartWith("garbage");
});

test("a row whose bytes changed on the disk is found and set aside, and the next one is delivered", () => {
  using given = setup();
  given.queue.enqueue(entries("one", "two"));
  const queue = given.behindItsBack((file) => {
    const bytes = fs.readFileSync(file);
    const at = bytes.indexOf('{"key":"one"}');
    bytes[at + 8] = "X".charCodeAt(0);
    fs.writeFileSync(file, bytes);
  });
  expect(queue.verify()).toEqual(["row 1: its checksum does not match"]);
  expect(queue.lease(1, "worker", 1_000)).toMatchObject([{ key: "two" }]);
  expect(queue.dead(0, 9)).toMatchObject([{ seq: 1, error: expect.stringContaining("damaged") }]);
});

test("a time from a clock that was ahead keeps no row back for longer than the longest delay", () => {
  using given = setup();
  given.queue.enqueue(entries("a"));
  const queue = given.behindItsBack((file) => {
    const db = new Database(file);
    db.run("UPDATE packets SET not_before_ms = 99999999999999");
    db.close();
  });
  expect(queue.lease(1, "worker", 1_000)).toEqual([]);
  given.clock.advance(300_000);
  expect(queue.lease(1, "worker", 1_000)).toHaveLength(1);
});

test("a call that fails writes nothing of its batch", () => {
  using given = setup();
  const bad = { ...entries("b")[0]!, ts: null as unknown as string };
  expect(() => given.queue.enqueue([...entries("a"), bad])).toThrow(
    `QUEUE_UNWRITABLE: cannot write queue ${given.file}: NOT NULL`,
  );
  expect(given.queue.depth().ready).toBe(0);
  expect(given.queue.enqueue(entries("a"))).toEqual([{ seq: 1, duplicate: false }]);
});

test("nodes of one process share a file, and it closes with the last of them", () => {
  using given = setup();
  const second = openQueue(given.file, { clock: given.clock, onDamaged() {} });
  second.enqueue(entries("a"));
  expect(given.queue.depth().ready).toBe(1);
  second.close();
  second.close();
  expect(given.queue.lease(1, "worker", 1_000)).toHaveLength(1);
});

test("two nodes that want different things of one file are refused", () => {
  using given = setup();
  const options = { clock: given.clock, onDamaged() {}, durability: "relaxed" } as const;
  expect(() => openQueue(given.file, options)).toThrow("with durability relaxed: another node has it open with full");
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
