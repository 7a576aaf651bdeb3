import { expect, spyOn, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { openQueue, type Queue, type QueueOptions } from "../../src/store/index.ts";
import { workerThread } from "../../src/store/worker_thread.ts";
import { entries, lease, queueConformance } from "../conformance/queue.ts";
import { virtualClock } from "../support/clock.ts";
import { temporaryFolder } from "../support/folder.ts";

async function setup(options: Partial<QueueOptions> = {}) {
  const folder = temporaryFolder();
  const file = path.join(folder.path, "q.sqlite3");
  const clock = virtualClock();
  const open = () => openQueue(file, { clock, onEvent() {}, ballastBytes: 0, minFreeBytes: 0, ...options });
  let queue = await open();
  return {
    file,
    clock,
    queue,
    open,
    async reopen() {
      await queue.close();
      queue = await open();
      return queue;
    },
    async [Symbol.asyncDispose]() {
      await queue.close();
      folder[Symbol.dispose]();
    },
  };
}

queueConformance("a SQLite queue in its thread", setup);

const numbered = (from: number, count: number) =>
  entries(...Array.from({ length: count }, (_, at) => String(from + at)));

test("calls that come while a commit is under way share the next one", async () => {
  await using given = await setup();
  const calls = Array.from({ length: 300 }, (_, at) => given.queue.enqueue(numbered(at, 1)));
  await Promise.all(calls);
  const late: Promise<unknown>[] = [];
  for (let at = 300; at < 600; at++) {
    late.push(given.queue.enqueue(numbered(at, 1)));
    await Promise.resolve();
  }
  await Promise.all(late);
  const { ready, commits, committedRows } = given.queue.stats();
  expect([ready, committedRows]).toEqual([600, 600]);
  expect(commits).toBeLessThan(20);
});

test("a thread that dies rejects what was asked of it and what waits there; the next call goes on with the file", async () => {
  await using given = await setup();
  const { queue } = given;
  await queue.enqueue(entries("a"));
  const [held] = await lease(queue, 1, "worker", 1_000);
  const waiting = queue.lease({ count: 1, holder: "worker", leaseMs: 1_000, wait: true });
  await queue.scan(0, 1);
  const asked = queue.verify();
  await Promise.resolve();
  workerThread.kill();
  const refused = { status: "rejected", reason: { code: "QUEUE_UNWRITABLE" } };
  expect(await Promise.allSettled([asked, waiting])).toMatchObject([refused, refused]);
  expect(await queue.enqueue(entries("a", "b"))).toEqual([
    { seq: 1, duplicate: true },
    { seq: 2, duplicate: false },
  ]);
  expect(await queue.ack([held!])).toEqual(["lost"]);
  expect(await lease(queue, 2, "worker", 1_000)).toMatchObject([{ key: "a", attempt: 2 }]);
});

/** Ends when the thread has died, and with it what was asked. */
async function killThread(queue: Queue) {
  const asked = queue.verify();
  await Promise.resolve();
  workerThread.kill();
  await asked.catch(() => {});
}

test("a file that cannot be opened again after the thread died is opened as soon as it can be", async () => {
  await using given = await setup();
  const { queue, file } = given;
  const folder = path.dirname(file);
  await queue.enqueue(entries("a"));
  await killThread(queue);
  fs.renameSync(folder, `${folder}.away`);
  fs.writeFileSync(folder, "in the way");
  const outcomes = await Promise.allSettled([queue.enqueue(entries("b")), queue.enqueue(entries("c"))]);
  fs.rmSync(folder);
  fs.renameSync(`${folder}.away`, folder);
  expect(outcomes).toMatchObject([
    { status: "rejected", reason: { code: "QUEUE_UNWRITABLE" } },
    { status: "rejected", reason: { code: "QUEUE_UNWRITABLE" } },
  ]);
  expect(await queue.enqueue(entries("a", "b"))).toEqual([
    { seq: 1, duplicate: true },
    { seq: 2, duplicate: false },
  ]);
});

test("a thread that does not have a file says so with a code, and the next call opens it there", async () => {
  await using given = await setup();
  const { queue } = given;
  await queue.enqueue(entries("a"));
  const call = spyOn(workerThread, "call");
  await queue.scan(0, 1);
  const { file } = call.mock.calls[0]![0];
  call.mockRestore();
  const [held] = await lease(queue, 1, "worker", 1_000);
  const waiting = queue.lease({ count: 1, holder: "worker", leaseMs: 1_000, wait: true });
  await queue.scan(0, 1);
  await workerThread.call({ what: "close", file });
  const refused = { status: "rejected", reason: { code: "QUEUE_UNWRITABLE" } };
  expect(await Promise.allSettled([queue.scan(0, 1), waiting])).toMatchObject([refused, refused]);
  expect(await queue.ack([held!])).toEqual(["lost"]);
  expect(await lease(queue, 2, "worker", 1_000)).toMatchObject([{ key: "a", attempt: 2 }]);
});

test("rows whose handing out was not heard of come again", async () => {
  await using given = await setup();
  const { queue } = given;
  await queue.enqueue(entries("a"));
  const call = workerThread.call.bind(workerThread);
  const lossy = spyOn(workerThread, "call").mockImplementationOnce(async (message) => {
    await call(message);
    throw new Error("the answer got lost");
  });
  await expect(lease(queue, 1, "worker", 1_000)).rejects.toThrow("the answer got lost");
  lossy.mockRestore();
  expect(await lease(queue, 2, "worker", 1_000)).toMatchObject([{ key: "a", attempt: 2 }]);
});

test("nodes of one process share a file, and it closes with the last of them", async () => {
  await using given = await setup();
  const second = await given.open();
  await second.enqueue(entries("a"));
  expect((await given.queue.scan(0, 9)).map(({ key }) => key)).toEqual(["a"]);
  await second.close();
  await second.close();
  expect(await lease(given.queue, 1, "worker", 1_000)).toHaveLength(1);
});

test("two nodes that want different things of one file are refused", async () => {
  await using given = await setup();
  const opening = openQueue(given.file, { clock: given.clock, onEvent() {}, durability: "relaxed" });
  await expect(opening).rejects.toThrow("with durability relaxed: another node has it open with full");
});

test("a file that was just closed can be opened at once", async () => {
  await using given = await setup();
  const closing = given.queue.close();
  const again: Queue = await given.open();
  await closing;
  expect(await again.enqueue(entries("a"))).toEqual([{ seq: 1, duplicate: false }]);
  await again.close();
});

test("a file of a durable edge is shared with nobody, whoever comes first", async () => {
  using folder = temporaryFolder();
  const file = path.join(folder.path, "q.sqlite3");
  const options = { clock: virtualClock(), onEvent() {} };
  const edge = await openQueue(file, { ...options, owner: "a.out->b.in" });
  await expect(openQueue(file, options)).rejects.toThrow("QUEUE_SHARED: cannot open queue");
  await edge.close();
  const node = await openQueue(file, options);
  await expect(openQueue(file, { ...options, owner: "a.out->b.in" })).rejects.toThrow("a node of this run has it");
  await node.close();
});
