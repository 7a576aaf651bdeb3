import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import type { PayloadRef } from "../../src/packet/index.ts";
import { BLOB_DEFAULTS, entryCodec, type Queue, type QueueEntry, type QueueRow } from "../../src/store/index.ts";
import { bytesOf, type TestBlobs, testBlobs } from "../support/blobs.ts";
import { macrotask } from "../support/engine.ts";
import { packet } from "../support/node.ts";

const { graceMs, sweepMs } = BLOB_DEFAULTS;

const entry = (key: string, ...refs: PayloadRef[]): QueueEntry =>
  entryCodec.encode(packet({ packet_id: key, payload: refs.length === 1 ? { ref: refs[0] } : { refs } }));

/** Stores a blob and writes a row that names it, as a durable edge does. */
async function keep({ blobs }: TestBlobs, queue: Queue, key: string) {
  const { ref, release } = await blobs.put(bytesOf(key));
  await queue.enqueue([entry(key, ref)]);
  release();
  return ref;
}

const take = async (queue: Queue, count = 1) =>
  queue.lease({ count, holder: "test", leaseMs: Number.POSITIVE_INFINITY });

/** The row fails both its tries. */
async function fail(queue: Queue, row: QueueRow) {
  await queue.nack([{ ...row, reason: "test", delayMs: 0 }]);
  const [again] = await take(queue);
  expect(again!.seq).toBe(row.seq);
  await queue.nack([{ ...again!, reason: "test", delayMs: 0 }]);
  expect(queue.stats().dead).toBe(1);
}

/** What is still there of these. */
const left = (...refs: PayloadRef[]) => refs.map(({ path: file }) => fs.existsSync(file!));

async function opened(name = "a", options: Parameters<typeof testBlobs>[0] = {}) {
  const given = testBlobs(options);
  return { given, queue: await given.blobs.watch(await given.queue(name)) };
}

describe("a sweep removes a blob", () => {
  test("whose row was acknowledged, after the grace period and not before", async () => {
    const { given, queue } = await opened();
    await using _ = given;
    const ref = await keep(given, queue, "cat");
    await queue.ack(await take(queue));
    given.clock.advance(graceMs);
    expect(await given.blobs.sweep()).toBe(0);
    given.clock.advance(1);
    expect(await given.blobs.sweep()).toBe(1);
    expect(left(ref)).toEqual([false]);
    expect(given.blobs.stats()).toMatchObject({ blobs: 0, bytes: 0, swept: 1 });
    await queue.close();
  });

  test("by itself, on the store's own clock", async () => {
    const { given, queue } = await opened("a", { sweepMs });
    await using _ = given;
    const ref = await keep(given, queue, "cat");
    await queue.ack(await take(queue));
    for (let passedMs = 0; passedMs <= graceMs; passedMs += sweepMs) {
      expect(left(ref)).toEqual([true]);
      given.clock.advance(sweepMs);
      await given.blobs.settled();
    }
    expect(left(ref)).toEqual([false]);
    await queue.close();
  });

  test("that a crash left without a row, a grace period after the next start", async () => {
    await using given = testBlobs();
    const { ref } = await given.blobs.put(bytesOf("cat"));
    given.clock.advance(10 * graceMs);
    given.reopen();
    expect(await given.blobs.sweep()).toBe(0);
    given.clock.advance(graceMs + 1);
    expect(await given.blobs.sweep()).toBe(1);
    expect(left(ref)).toEqual([false]);
  });

  test("soon, when three quarters of the room are taken", async () => {
    const { given, queue } = await opened("a", { maxBytes: 4 * 4_096 });
    await using _ = given;
    for (const key of ["a", "b", "c", "d"]) await keep(given, queue, key);
    await queue.ack(await take(queue, 4));
    given.clock.advance(5_001);
    expect(await given.blobs.sweep()).toBe(4);
    await queue.close();
  });
});

describe("a sweep keeps a blob", () => {
  /** All that could be swept by now is. */
  const later = async ({ clock, blobs }: TestBlobs) => {
    clock.advance(100 * graceMs);
    await blobs.sweep();
    clock.advance(100 * graceMs);
    await blobs.sweep();
  };

  test("while a row waits, is leased, failed, or is a dead letter", async () => {
    const { given, queue } = await opened("a");
    await using _ = given;
    const refs = [];
    for (const key of ["waits", "leased", "failed", "dead"]) refs.push(await keep(given, queue, key));
    const rows = await take(queue, 4);
    await fail(queue, rows[3]!);
    await queue.release([rows[0]!]);
    await queue.nack([{ ...rows[2]!, reason: "test", delayMs: 1e12 }]);
    expect(queue.stats()).toMatchObject({ ready: 2, leased: 1, dead: 1 });
    await later(given);
    expect(left(...refs)).toEqual([true, true, true, true]);
    await queue.purge("dead", [rows[3]!.seq]);
    await later(given);
    expect(left(...refs)).toEqual([true, true, true, false]);
    await queue.close();
  });

  test("while a dead letter names it that never was a row", async () => {
    const { given, queue } = await opened("dead_letters");
    await using _ = given;
    const { ref, release } = await given.blobs.put(bytesOf("cat"));
    const letter = { node: "n", port: "in", error: "e", stack: "", attempts: 1, firstFailedMs: 0, lastFailedMs: 0 };
    await queue.setAside([{ ...entry("a", ref), ...letter }]);
    release();
    await later(given);
    expect(left(ref)).toEqual([true]);
    await queue.close();
  });

  test("while a second row names the same content", async () => {
    const { given, queue } = await opened();
    await using _ = given;
    const ref = await keep(given, queue, "cat");
    const { ref: same, release } = await given.blobs.put(bytesOf("cat"));
    await queue.enqueue([entry("again", same)]);
    release();
    await queue.ack(await take(queue));
    await later(given);
    expect(left(ref)).toEqual([true]);
    await queue.close();
  });

  test("that is held, until its release and a grace period", async () => {
    await using given = testBlobs();
    const { ref, release } = await given.blobs.put(bytesOf("cat"));
    const { release: second } = await given.blobs.hold(ref);
    release();
    release();
    await later(given);
    expect(left(ref)).toEqual([true]);
    second();
    expect(await given.blobs.sweep()).toBe(0);
    given.clock.advance(graceMs + 1);
    expect(await given.blobs.sweep()).toBe(1);
  });

  test("that a node wrapped into something of its own, meta or a text", async () => {
    const { given, queue } = await opened();
    await using _ = given;
    const refs = [];
    for (const [key, wrap] of [
      ["deep", (ref: PayloadRef) => ({ payload: { a: [{ b: { ref } }] } })],
      ["meta", (ref: PayloadRef) => ({ meta: { snapshot: ref } })],
      ["text", (ref: PayloadRef) => ({ payload: JSON.stringify(JSON.stringify({ ref })) })],
    ] as const) {
      const { ref, release } = await given.blobs.put(bytesOf(key));
      await queue.enqueue([entryCodec.encode(packet({ packet_id: key, ...wrap(ref) }))]);
      release();
      refs.push(ref);
    }
    await later(given);
    expect(left(...refs)).toEqual([true, true, true]);
    await queue.close();
  });

  test("named in a queue that the graph no longer has, and lets it go when that file is gone", async () => {
    const { given, queue } = await opened("removed");
    await using _ = given;
    const ref = await keep(given, queue, "cat");
    await queue.close();
    given.reopen();
    await later(given);
    expect(left(ref)).toEqual([true]);
    fs.rmSync(queue.file);
    await later(given);
    expect(left(ref)).toEqual([false]);
  });

  test("when a queue whose rows may name it cannot be read, and says so once", async () => {
    const { given, queue } = await opened("removed");
    await using _ = given;
    const ref = await keep(given, queue, "cat");
    await queue.close();
    given.reopen({ openRows: () => Promise.reject(new Error("QUEUE_BUSY: planted")) });
    await later(given);
    expect(left(ref)).toEqual([true]);
    expect(given.events).toMatchObject([{ level: "warn", fields: { file: queue.file, error: "QUEUE_BUSY: planted" } }]);
  });

  test("older than a damaged queue beside it, unless room is short", async () => {
    const { given, queue } = await opened("a", { maxBytes: 8 * 4_096 });
    await using _ = given;
    const old = await keep(given, queue, "old");
    await queue.ack(await take(queue));
    const aside = `${queue.file}.corrupt-20260101T000000Z`;
    fs.writeFileSync(aside, "");
    const fresh = await keep(given, queue, "fresh");
    await queue.ack(await take(queue));
    // Files have the machine's time, whose grain may put both into one moment.
    const { mtimeMs } = fs.statSync(aside);
    fs.utimesSync(fresh.path!, mtimeMs / 1_000 + 1, mtimeMs / 1_000 + 1);
    await later(given);
    expect(left(old, fresh)).toEqual([true, false]);
    for (let at = 0; at < 6; at++) await keep(given, queue, `more ${at}`);
    await later(given);
    expect(left(old)).toEqual([false]);
    await queue.close();
  });
});

describe("while a sweep looks through the rows", () => {
  /** `queue`, which calls `meanwhile` when its waiting rows were read to the end for the first time. */
  function interrupted(queue: Queue, meanwhile: () => Promise<unknown>): Queue {
    let once = false;
    const scan = async (after: number, count: number) => {
      const rows = await queue.scan(after, count);
      if (rows.length === 0 && !once) {
        once = true;
        await meanwhile();
      }
      return rows;
    };
    const get = (target: Queue, name: string | symbol) => {
      const value = name === "scan" ? scan : Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    };
    return new Proxy(queue, { get });
  }

  test("a row that moves from a queue behind it to one before it keeps its blob", async () => {
    await using given = testBlobs();
    const [first, second] = [await given.queue("first"), await given.queue("second")];
    const late = interrupted(first, async () => {
      const rows = await take(from);
      await to.enqueue([entry("moved", ref)]);
      await from.ack(rows);
    });
    const to = await given.blobs.watch(late);
    const from = await given.blobs.watch(second);
    const ref = await keep(given, from, "cat");
    given.clock.advance(graceMs + 1);
    expect(await given.blobs.sweep()).toBe(0);
    expect(left(ref)).toEqual([true]);
    // Twice, so that it was not only the moment.
    given.clock.advance(graceMs + 1);
    expect(await given.blobs.sweep()).toBe(0);
    await Promise.all([first.close(), second.close()]);
  });

  test("a dead letter that is replayed keeps its blob: nothing is swept in that round", async () => {
    await using given = testBlobs();
    const inner = await given.queue("a");
    const late = interrupted(inner, () => queue.revive([1]).then((count) => expect(count).toBe(1)));
    const queue = await given.blobs.watch(late);
    const ref = await keep(given, queue, "cat");
    await fail(queue, (await take(queue))[0]!);
    given.clock.advance(graceMs + 1);
    expect(await given.blobs.sweep()).toBe(0);
    expect(left(ref)).toEqual([true]);
    expect(inner.stats()).toMatchObject({ ready: 1, dead: 0 });
    await inner.close();
  });

  test("content that is stored again is not removed under its new reference", async () => {
    await using given = testBlobs();
    const inner = await given.queue("a");
    const late = interrupted(inner, async () => {
      held = await given.blobs.put(bytesOf("cat"));
    });
    const queue = await given.blobs.watch(late);
    let held: Awaited<ReturnType<typeof given.blobs.put>> | undefined;
    const ref = await keep(given, queue, "cat");
    await queue.ack(await take(queue));
    given.clock.advance(graceMs + 1);
    expect(await given.blobs.sweep()).toBe(0);
    expect(held!.ref.sha256).toBe(ref.sha256!);
    expect(left(ref)).toEqual([true]);
    await inner.close();
  });
});

test("the list of queues is on the disk before the first row, relative to the state directory", async () => {
  const { given, queue } = await opened("a");
  await using _ = given;
  const list = JSON.parse(fs.readFileSync(path.join(given.folder, "queues.json"), "utf8"));
  expect(list).toEqual([path.join("..", "queues", "a.sqlite3")]);
  await queue.close();
});

test("a store that is closed sweeps no more and leaves no timer", async () => {
  const { given, queue } = await opened();
  await using _ = given;
  const ref = await keep(given, queue, "cat");
  await queue.ack(await take(queue));
  await queue.close();
  await given.blobs.close();
  expect(given.clock.pending).toBe(0);
  given.clock.advance(10 * graceMs);
  await macrotask();
  expect(left(ref)).toEqual([true]);
});
