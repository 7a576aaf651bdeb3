import { expect, test } from "bun:test";
import { entryCodec, type Queue, type QueueEntry, type QueueOptions } from "../../src/store/index.ts";
import type { VirtualClock } from "../support/clock.ts";
import { packet } from "../support/node.ts";

/** A queue under test, on a clock the test moves. */
export interface QueueUnderTest {
  queue: Queue;
  clock: VirtualClock;
  /** Closes it and opens what it left, as a restart does. */
  reopen(): Promise<Queue>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Entries of packets with these keys. */
export const entries = (...keys: string[]): QueueEntry[] =>
  keys.map((key) =>
    entryCodec.encode(packet({ packet_id: `id-${key}`, payload: { key }, meta: { idempotency_key: key } })),
  );

/** Leases without waiting. */
export const lease = (queue: Queue, count: number, holder: string, leaseMs: number) =>
  queue.lease({ count, holder, leaseMs });

const keysOf = (rows: readonly QueueEntry[]) => rows.map(({ key }) => key);

/** What every queue does, whatever keeps it. */
export function queueConformance(name: string, setup: (options?: Partial<QueueOptions>) => Promise<QueueUnderTest>) {
  test(`${name} hands rows out in order, with numbers that rise by one`, async () => {
    await using given = await setup();
    expect(await given.queue.enqueue(entries("a", "b"))).toEqual([
      { seq: 1, duplicate: false },
      { seq: 2, duplicate: false },
    ]);
    await given.queue.enqueue(entries("c"));
    const rows = await lease(given.queue, 10, "worker", 1_000);
    expect(rows.map(({ seq, key, attempt }) => [seq, key, attempt])).toEqual([
      [1, "a", 1],
      [2, "b", 1],
      [3, "c", 1],
    ]);
    expect(entryCodec.decode(rows[0]!)).toMatchObject({ packet_id: "id-a", payload: { key: "a" } });
  });

  test(`${name} takes a key once and leaves no gap for its copies`, async () => {
    await using given = await setup();
    await given.queue.enqueue(entries("a"));
    expect(await given.queue.enqueue(entries("a", "b", "b"))).toEqual([
      { seq: 1, duplicate: true },
      { seq: 2, duplicate: false },
      { seq: 2, duplicate: true },
    ]);
    expect(given.queue.stats()).toMatchObject({ ready: 2, leased: 0, dead: 0 });
  });

  test(`${name} knows the key of an acknowledged row for the window, and not beyond`, async () => {
    await using given = await setup({ rememberMs: 1_000 });
    await given.queue.enqueue(entries("a"));
    await given.queue.ack(await lease(given.queue, 1, "worker", 1_000));
    given.clock.advance(999);
    expect(await given.queue.enqueue(entries("a"))).toEqual([{ seq: 1, duplicate: true }]);
    given.clock.advance(1);
    expect(await given.queue.enqueue(entries("a"))).toEqual([{ seq: 2, duplicate: false }]);
  });

  test(`${name} remembers keys across a restart`, async () => {
    await using given = await setup();
    await given.queue.enqueue(entries("a"));
    await given.queue.ack(await lease(given.queue, 1, "worker", 1_000));
    expect(await (await given.reopen()).enqueue(entries("a"))).toEqual([{ seq: 1, duplicate: true }]);
  });

  test(`${name} gives a leased row to nobody else until the lease runs out`, async () => {
    await using given = await setup();
    await given.queue.enqueue(entries("a", "b"));
    expect(keysOf(await lease(given.queue, 1, "one", 1_000))).toEqual(["a"]);
    expect(keysOf(await lease(given.queue, 2, "two", 1_000))).toEqual(["b"]);
    given.clock.advance(1_000);
    expect(await lease(given.queue, 2, "two", 1_000)).toMatchObject([
      { key: "a", attempt: 2 },
      { key: "b", attempt: 2 },
    ]);
  });

  test(`${name} refuses the ack of a lease that ran out and went to another worker`, async () => {
    await using given = await setup();
    await given.queue.enqueue(entries("a"));
    const late = await lease(given.queue, 1, "one", 1_000);
    given.clock.advance(1_001);
    const second = await lease(given.queue, 1, "two", 1_000);
    expect(await given.queue.ack(late)).toEqual(["lost"]);
    expect(await given.queue.ack(second)).toEqual(["done"]);
    expect(await given.queue.ack(second)).toEqual(["missing"]);
  });

  test(`${name} acks by number alone where the lease is not named`, async () => {
    await using given = await setup();
    await given.queue.enqueue(entries("a"));
    expect(await given.queue.ack([{ seq: 1 }, { seq: 7 }])).toEqual(["done", "missing"]);
    expect(given.queue.stats()).toMatchObject({ ready: 0, leased: 0, dead: 0 });
  });

  test(`${name} tries a row again after its delay, and others meanwhile`, async () => {
    await using given = await setup();
    await given.queue.enqueue(entries("a", "b"));
    const [row] = await lease(given.queue, 1, "worker", 1_000);
    expect(await given.queue.nack([{ ...row!, reason: "400", delayMs: 500 }])).toEqual(["done"]);
    expect(keysOf(await lease(given.queue, 2, "worker", 1_000))).toEqual(["b"]);
    given.clock.advance(500);
    expect(await lease(given.queue, 2, "worker", 1_000)).toMatchObject([{ key: "a", attempt: 2 }]);
  });

  test(`${name} sets a row aside after its last attempt, and goes on with the others`, async () => {
    await using given = await setup({ maxAttempts: 2 });
    await given.queue.enqueue(entries("bad", "good"));
    for (const reason of ["first", "second"]) {
      const [row] = await lease(given.queue, 1, "worker", 1_000);
      await given.queue.nack([{ ...row!, reason, delayMs: 0 }]);
    }
    expect(keysOf(await lease(given.queue, 9, "worker", 1_000))).toEqual(["good"]);
    expect(given.queue.stats()).toMatchObject({ ready: 0, leased: 1, dead: 1 });
    expect(await given.queue.dead(0, 9)).toMatchObject([{ key: "bad", attempts: 2, error: "second" }]);
    expect(await given.queue.enqueue(entries("bad"))).toEqual([{ seq: 1, duplicate: true }]);
  });

  test(`${name} counts an attempt before delivery, so a row that takes the process along ends as well`, async () => {
    await using given = await setup({ maxAttempts: 2 });
    await given.queue.enqueue(entries("bad"));
    await lease(given.queue, 1, "worker", 1_000);
    expect(await lease(await given.reopen(), 1, "worker", 1_000)).toMatchObject([{ key: "bad", attempt: 2 }]);
    const last = await given.reopen();
    expect(await lease(last, 1, "worker", 1_000)).toEqual([]);
    expect(await last.dead(0, 1)).toMatchObject([{ key: "bad", attempts: 2 }]);
  });

  test(`${name} does not count the attempt of a row that is released`, async () => {
    await using given = await setup();
    await given.queue.enqueue(entries("a"));
    await given.queue.release(await lease(given.queue, 1, "worker", 1_000));
    expect(await lease(given.queue, 1, "worker", 1_000)).toMatchObject([{ key: "a", attempt: 1 }]);
  });

  test(`${name} gives every lease back when it is opened`, async () => {
    await using given = await setup();
    await given.queue.enqueue(entries("a"));
    await lease(given.queue, 1, "worker", Number.POSITIVE_INFINITY);
    expect(await lease(await given.reopen(), 1, "worker", 1_000)).toMatchObject([{ key: "a", attempt: 2 }]);
  });

  test(`${name} shows rows, leased or not, without touching them`, async () => {
    await using given = await setup();
    await given.queue.enqueue(entries("a", "b", "c"));
    await lease(given.queue, 1, "worker", 1_000);
    expect(keysOf(await given.queue.scan(0, 2))).toEqual(["a", "b"]);
    expect(keysOf(await given.queue.scan(2, 2))).toEqual(["c"]);
    expect(given.queue.stats()).toMatchObject({ ready: 2, leased: 1, dead: 0 });
  });

  test(`${name} finds its counts right after every kind of call`, async () => {
    await using given = await setup({ maxAttempts: 1 });
    await given.queue.enqueue(entries("a", "b", "c", "a"));
    const [a, b, c] = await lease(given.queue, 3, "worker", 1_000);
    await given.queue.ack([a!]);
    await given.queue.nack([{ ...b!, reason: "400", delayMs: 0 }]);
    await given.queue.release([c!]);
    expect(await given.queue.verify()).toEqual([]);
    expect(await (await given.reopen()).verify()).toEqual([]);
  });

  test(`${name} keeps a lease that waits until rows come, and gives them in the order of asking`, async () => {
    await using given = await setup();
    const first = given.queue.lease({ count: 2, holder: "one", leaseMs: 1_000, wait: true });
    const second = given.queue.lease({ count: 9, holder: "two", leaseMs: 1_000, wait: true });
    await given.queue.enqueue(entries("a", "b", "c"));
    expect(keysOf(await first)).toEqual(["a", "b"]);
    expect(keysOf(await second)).toEqual(["c"]);
  });

  test(`${name} ends a lease that waits when it is aborted or the queue closes, and takes no row for it`, async () => {
    await using given = await setup();
    const stop = new AbortController();
    const request = { count: 1, holder: "one", leaseMs: 1_000, wait: true };
    const aborted = given.queue.lease({ ...request, signal: stop.signal });
    stop.abort();
    expect(await aborted).toEqual([]);
    expect(await given.queue.lease({ ...request, signal: stop.signal })).toEqual([]);
    await given.queue.enqueue(entries("a"));
    expect(given.queue.stats()).toMatchObject({ ready: 1, leased: 0 });
    const taken = await given.queue.lease(request);
    const closed = given.queue.lease(request);
    const queue = await given.reopen();
    expect(await closed).toEqual([]);
    expect(await lease(queue, 1, "two", 1_000)).toMatchObject([{ key: taken[0]!.key, attempt: 2 }]);
  });

  test(`${name} wakes who waits when a delay has passed`, async () => {
    await using given = await setup();
    await given.queue.enqueue(entries("a"));
    const [row] = await lease(given.queue, 1, "worker", 10_000);
    await given.queue.nack([{ ...row!, reason: "400", delayMs: 500 }]);
    const waiting = given.queue.lease({ count: 1, holder: "worker", leaseMs: 1_000, wait: true });
    await given.queue.scan(0, 1);
    given.clock.advance(500);
    expect(await waiting).toMatchObject([{ key: "a", attempt: 2 }]);
  });

  test(`${name} takes rows until their bytes reach the bound, and at least one`, async () => {
    await using given = await setup();
    await given.queue.enqueue(entries("a", "b", "c"));
    const bytes = given.queue.stats().bytes / 3;
    const take = (maxBytes: number) => given.queue.lease({ count: 9, holder: "worker", leaseMs: 1_000, maxBytes });
    expect(keysOf(await take(1))).toEqual(["a"]);
    expect(keysOf(await take(bytes + 1))).toEqual(["b", "c"]);
  });

  test(`${name} holds back the partition of a failed row, gives its later rows back, and lets others flow`, async () => {
    await using given = await setup({ ordered: true });
    await given.queue.enqueue([...inPartition("x", "a", "b"), ...inPartition("y", "c"), ...inPartition("x", "d")]);
    const [a, b] = await lease(given.queue, 2, "worker", 10_000);
    expect(await given.queue.nack([{ ...a!, reason: "400", delayMs: 500 }])).toEqual(["done"]);
    expect(await given.queue.ack([b!])).toEqual(["lost"]);
    expect(keysOf(await lease(given.queue, 9, "worker", 10_000))).toEqual(["c"]);
    given.clock.advance(500);
    const again = await lease(given.queue, 9, "worker", 10_000);
    expect(again.map(({ key, attempt }) => [key, attempt])).toEqual([
      ["a", 2],
      ["b", 1],
      ["d", 1],
    ]);
  });

  test(`${name} goes on with a partition behind a row that became a dead letter`, async () => {
    await using given = await setup({ ordered: true });
    await given.queue.enqueue(inPartition("x", "a", "b", "c"));
    const [a, b] = await lease(given.queue, 2, "worker", 10_000);
    const failure = { ...a!, reason: "415", stack: "at x", node: "sink", port: "in", delayMs: 500, permanent: true };
    expect(await given.queue.nack([failure])).toEqual(["dead"]);
    expect(await given.queue.ack([b!])).toEqual(["done"]);
    expect(keysOf(await lease(given.queue, 9, "worker", 10_000))).toEqual(["c"]);
    expect(await given.queue.dead(0, 9)).toMatchObject([
      { key: "a", error: "415", stack: "at x", node: "sink", port: "in", attempts: 1, partition: "x" },
    ]);
  });

  test(`${name} does not count the attempts of an outage`, async () => {
    await using given = await setup({ maxAttempts: 2 });
    await given.queue.enqueue(entries("a"));
    for (let tries = 0; tries < 5; tries++) {
      const [row] = await lease(given.queue, 1, "worker", 1_000);
      expect(row).toMatchObject({ attempt: 1 });
      expect(await given.queue.nack([{ ...row!, reason: "away", delayMs: 0, counted: false }])).toEqual(["done"]);
    }
  });

  test(`${name} gives new rows before the backlog where that is asked for, and the backlog by the piece`, async () => {
    await using given = await setup();
    await given.queue.enqueue(entries("a", "b", "c"));
    const queue = await given.reopen();
    await queue.enqueue(entries("d", "e"));
    const take = (request: object) => queue.lease({ count: 2, holder: "worker", leaseMs: 1_000, ...request });
    expect((await take({ backlog: 1 })).map(({ key, backlog }) => [key, backlog])).toEqual([
      ["a", true],
      ["d", false],
    ]);
    expect(keysOf(await take({ liveFirst: true }))).toEqual(["e", "b"]);
    expect(keysOf(await take({ backlog: 0 }))).toEqual([]);
    expect(keysOf(await take({}))).toEqual(["c"]);
  });

  test(`${name} lets no new row of an ordered queue pass the backlog, however slowly that is taken`, async () => {
    await using given = await setup({ ordered: true });
    await given.queue.enqueue(inPartition("x", "a", "b"));
    const queue = await given.reopen();
    await queue.enqueue(inPartition("x", "c"));
    const take = (backlog: number) => queue.lease({ count: 9, holder: "worker", leaseMs: 10_000, backlog });
    expect(keysOf(await take(1))).toEqual(["a"]);
    expect(keysOf(await take(0))).toEqual([]);
    expect(keysOf(await take(9))).toEqual(["b", "c"]);
  });

  test(`${name} refuses what is beyond its bytes, writes nothing of it, and tells when there is room`, async () => {
    await using given = await setup({ maxBytes: 90 });
    const told: (string | undefined)[] = [];
    given.queue.onChange(({ full }) => void told.push(full));
    await given.queue.enqueue(entries("a", "b"));
    await expect(given.queue.enqueue(entries("c"))).rejects.toMatchObject({ code: "QUEUE_FULL" });
    expect(given.queue.stats()).toMatchObject({ ready: 2, dead: 0 });
    await given.queue.ack(await lease(given.queue, 1, "worker", 1_000));
    expect(await given.queue.enqueue(entries("c"))).toEqual([{ seq: 3, duplicate: false }]);
    if (given.queue.file !== "model") expect(told).toEqual(["max_bytes", undefined]);
  });

  test(`${name} refuses a call that follows a refused one, also when it would fit`, async () => {
    await using given = await setup({ maxBytes: 40 });
    const { queue } = given;
    await queue.enqueue(entries("a"));
    const calls = [
      queue.enqueue(entries("b", "c", "d")),
      queue.enqueue(entries("e"), { follows: true }),
      queue.enqueue([], { follows: true }),
    ].map((call) => call.catch(({ code }) => code));
    expect<unknown>(await Promise.all(calls)).toEqual(["QUEUE_FULL", "QUEUE_UNWRITABLE", "QUEUE_UNWRITABLE"]);
    await queue.ack(await lease(queue, 1, "worker", 1_000));
    const again = [queue.enqueue([]), queue.enqueue(entries("b"), { follows: true })];
    expect(await Promise.all(again)).toEqual([[], [{ seq: 2, duplicate: false }]]);
  });

  test(`${name} refuses a call that follows one from before a restart`, async () => {
    await using given = await setup();
    await given.queue.enqueue(entries("a"));
    const queue = await given.reopen();
    await expect(queue.enqueue(entries("b"), { follows: true })).rejects.toMatchObject({ code: "QUEUE_UNWRITABLE" });
  });

  test(`${name} refuses an entry for which no wait makes room, and drops nothing for it`, async () => {
    for (const overflow of ["refuse", "drop_oldest"] as const) {
      await using given = await setup({ maxBytes: 90, overflow });
      await given.queue.enqueue(entries("a"));
      const [large] = entries("ü".repeat(90));
      const refused = given.queue.enqueue([large!]).catch(({ code }) => code);
      expect(await refused).toBe("QUEUE_ENTRY");
      expect(given.queue.stats()).toMatchObject({ ready: 1, droppedOldest: 0, full: undefined });
    }
  });

  test(`${name} makes room by dropping the oldest that wait where that is asked for, counted`, async () => {
    await using given = await setup({ maxBytes: 90, overflow: "drop_oldest" });
    await given.queue.enqueue(entries("a", "b"));
    await lease(given.queue, 1, "worker", 1_000);
    await given.queue.enqueue(entries("c"));
    expect(keysOf(await given.queue.scan(0, 9))).toEqual(["a", "c"]);
    expect(await given.queue.enqueue(entries("b"))).toEqual([{ seq: 2, duplicate: true }]);
    expect(given.queue.stats()).toMatchObject({ droppedOldest: 1 });
    await expect(given.queue.enqueue(entries("d", "e", "f"))).rejects.toMatchObject({ code: "QUEUE_FULL" });
  });

  test(`${name} sets rows aside that waited too long, also when nobody asks for them`, async () => {
    await using given = await setup({ maxAgeMs: 1_000 });
    await given.queue.enqueue(entries("a"));
    given.clock.advance(600);
    await given.queue.enqueue(entries("b"));
    given.clock.advance(400);
    await given.queue.scan(0, 1);
    expect(await given.queue.dead(0, 9)).toMatchObject([{ key: "a", error: "older than max_age" }]);
    expect(keysOf(await lease(given.queue, 9, "worker", 1_000))).toEqual(["b"]);
    expect(given.queue.stats()).toMatchObject({ expired: 1, dead: 1 });
  });

  test(`${name} keeps so many dead letters, the latest, and counts those that went`, async () => {
    await using given = await setup({ maxAttempts: 1, maxDead: 2 });
    await given.queue.enqueue(entries("a", "b", "c"));
    const rows = await lease(given.queue, 3, "worker", 1_000);
    await given.queue.nack(rows.map((row) => ({ ...row, reason: "400", delayMs: 0 })));
    expect(keysOf(await given.queue.dead(0, 9))).toEqual(["b", "c"]);
    expect(given.queue.stats()).toMatchObject({ dead: 2, deadDropped: 1 });
    expect(await given.queue.verify()).toEqual([]);
  });

  test(`${name} keeps letters that were never rows, and brings dead ones back to the end of the line`, async () => {
    await using given = await setup();
    await given.queue.enqueue(entries("a"));
    const letter = (node: string) => ({ ...entries("a")[0]!, ...DEAD, node });
    await given.queue.setAside([letter("n1"), letter("n2"), letter("n1")]);
    expect((await given.queue.dead(0, 9)).map(({ seq, key, node }) => [seq, key, node])).toEqual([
      [2, "a", "n1"],
      [3, "a", "n2"],
    ]);
    expect(await given.queue.revive([3, 9])).toBe(1);
    const rows = await lease(given.queue, 9, "worker", 1_000);
    expect(rows.map(({ seq, key, attempt }) => [seq, key, attempt])).toEqual([
      [1, "a", 1],
      [4, "a", 1],
    ]);
    expect(await given.queue.verify()).toEqual([]);
  });

  test(`${name} keeps two letters of one key when they are two packets, and one that is told again once`, async () => {
    await using given = await setup();
    const letter = (payload: string, error: string) => ({ ...entries("a")[0]!, ...DEAD, payload, error });
    await given.queue.setAside([letter("1", "e1"), letter("2", "e2"), letter("3", "e3"), letter("2", "e4")]);
    const shown = (await given.queue.dead(0, 9)).map(({ key, payload, error }) => [key, payload, error]);
    expect(shown).toEqual([
      ["a", "1", "e1"],
      ["a#2", "2", "e4"],
      ["a#3", "3", "e3"],
    ]);
    const many = Array.from({ length: 40 }, (_, at) => letter(`${100 + at}`, "many"));
    await given.queue.setAside(many);
    const all = await given.queue.dead(0, 99);
    expect([all.length, new Set(keysOf(all)).size]).toEqual([43, 43]);
    expect(await given.queue.verify()).toEqual([]);
  });

  test(`${name} brings a letter back for another partition, under a key that no other row has`, async () => {
    await using given = await setup({ ordered: true });
    const letter = (node: string) => {
      const partition = `${node}.in`;
      return { ...entries("a")[0]!, ...DEAD, node, partition, key: `a@${partition}`, payload: `"${node}"` };
    };
    await given.queue.setAside([letter("n1"), letter("n2"), letter("n3"), letter("n4")]);
    expect(await given.queue.revive([1, 2, 3, 9], "n3.in")).toBe(3);
    const shown = (await given.queue.scan(0, 9)).map(({ key, partition, payload }) => [key, partition, payload]);
    expect(shown).toEqual([
      ["a@n3.in#2", "n3.in", '"n1"'],
      ["a@n3.in#3", "n3.in", '"n2"'],
      ["a@n3.in", "n3.in", '"n3"'],
    ]);
    expect(keysOf(await given.queue.dead(0, 9))).toEqual(["a@n4.in"]);
    expect(await given.queue.verify()).toEqual([]);
  });

  test(`${name} keeps 8,192 characters of an error and of a stack`, async () => {
    await using given = await setup({ maxAttempts: 2 });
    const long = "e".repeat(100_000);
    await given.queue.setAside([{ ...entries("x")[0]!, ...DEAD, error: long, stack: long }]);
    await given.queue.enqueue(entries("a"));
    for (let attempt = 1; attempt <= 2; attempt++) {
      const [row] = await lease(given.queue, 1, "worker", 1_000);
      await given.queue.nack([{ ...row!, reason: long, stack: long, delayMs: 0 }]);
    }
    const lengths = (await given.queue.dead(0, 9)).map(({ error, stack }) => [error.length, stack.length]);
    expect(lengths).toEqual([
      [8_192, 8_192],
      [8_192, 8_192],
    ]);
  });

  test(`${name} removes what a person purges, but nothing that is leased, and forgets its key`, async () => {
    await using given = await setup();
    await given.queue.enqueue(entries("a", "b"));
    await lease(given.queue, 1, "worker", 1_000);
    expect(await given.queue.purge("ready", [1, 2, 3])).toBe(1);
    expect(await given.queue.enqueue(entries("b"))).toEqual([{ seq: 3, duplicate: false }]);
    await given.queue.setAside([{ ...entries("x")[0]!, ...DEAD }]);
    expect(await given.queue.purge("dead", [4, 5])).toBe(1);
    expect(given.queue.stats()).toMatchObject({ ready: 1, leased: 1, dead: 0 });
    expect(await given.queue.verify()).toEqual([]);
  });
}

const DEAD = { node: "n", port: "in", error: "400", stack: "", attempts: 1, firstFailedMs: 1, lastFailedMs: 2 };

const inPartition = (partition: string, ...keys: string[]) =>
  entries(...keys).map((entry) => ({ ...entry, partition }));
