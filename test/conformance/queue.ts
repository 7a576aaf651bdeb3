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
}
