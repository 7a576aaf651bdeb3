import { expect, test } from "bun:test";
import { entryCodec, type Queue, type QueueEntry, type QueueOptions } from "../../src/store/index.ts";
import type { VirtualClock } from "../support/clock.ts";
import { packet } from "../support/node.ts";

/** A queue under test, on a clock the test moves. */
export interface QueueUnderTest {
  queue: Queue;
  clock: VirtualClock;
  /** Closes it and opens what it left, as a restart does. */
  reopen(): Queue;
  [Symbol.dispose](): void;
}

/** Entries of packets with these keys. */
export const entries = (...keys: string[]): QueueEntry[] =>
  keys.map((key) =>
    entryCodec.encode(packet({ packet_id: `id-${key}`, payload: { key }, meta: { idempotency_key: key } })),
  );

const keysOf = (rows: readonly QueueEntry[]) => rows.map(({ key }) => key);

/** What every queue does, whatever keeps it. */
export function queueConformance(name: string, setup: (options?: Partial<QueueOptions>) => QueueUnderTest) {
  test(`${name} hands rows out in order, with numbers that rise by one`, () => {
    using given = setup();
    expect(given.queue.enqueue(entries("a", "b"))).toEqual([
      { seq: 1, duplicate: false },
      { seq: 2, duplicate: false },
    ]);
    given.queue.enqueue(entries("c"));
    const rows = given.queue.lease(10, "worker", 1_000);
    expect(rows.map(({ seq, key, attempt }) => [seq, key, attempt])).toEqual([
      [1, "a", 1],
      [2, "b", 1],
      [3, "c", 1],
    ]);
    expect(entryCodec.decode(rows[0]!)).toMatchObject({ packet_id: "id-a", payload: { key: "a" } });
  });

  test(`${name} takes a key once and leaves no gap for its copies`, () => {
    using given = setup();
    given.queue.enqueue(entries("a"));
    expect(given.queue.enqueue(entries("a", "b", "b"))).toEqual([
      { seq: 1, duplicate: true },
      { seq: 2, duplicate: false },
      { seq: 2, duplicate: true },
    ]);
    expect(given.queue.depth()).toEqual({ ready: 2, leased: 0, dead: 0 });
  });

  test(`${name} knows the key of an acknowledged row for the window, and not beyond`, () => {
    using given = setup({ rememberMs: 1_000 });
    given.queue.enqueue(entries("a"));
    given.queue.ack(given.queue.lease(1, "worker", 1_000));
    given.clock.advance(999);
    expect(given.queue.enqueue(entries("a"))).toEqual([{ seq: 1, duplicate: true }]);
    given.clock.advance(1);
    expect(given.queue.enqueue(entries("a"))).toEqual([{ seq: 2, duplicate: false }]);
  });

  test(`${name} remembers keys across a restart`, () => {
    using given = setup();
    given.queue.enqueue(entries("a"));
    given.queue.ack(given.queue.lease(1, "worker", 1_000));
    expect(given.reopen().enqueue(entries("a"))).toEqual([{ seq: 1, duplicate: true }]);
  });

  test(`${name} gives a leased row to nobody else until the lease runs out`, () => {
    using given = setup();
    given.queue.enqueue(entries("a", "b"));
    expect(keysOf(given.queue.lease(1, "one", 1_000))).toEqual(["a"]);
    expect(keysOf(given.queue.lease(2, "two", 1_000))).toEqual(["b"]);
    given.clock.advance(1_000);
    expect(given.queue.lease(2, "two", 1_000)).toMatchObject([
      { key: "a", attempt: 2 },
      { key: "b", attempt: 2 },
    ]);
  });

  test(`${name} refuses the ack of a lease that ran out and went to another worker`, () => {
    using given = setup();
    given.queue.enqueue(entries("a"));
    const late = given.queue.lease(1, "one", 1_000);
    given.clock.advance(1_001);
    const second = given.queue.lease(1, "two", 1_000);
    expect(given.queue.ack(late)).toEqual(["lost"]);
    expect(given.queue.ack(second)).toEqual(["done"]);
    expect(given.queue.ack(second)).toEqual(["missing"]);
  });

  test(`${name} acks by number alone where the lease is not named`, () => {
    using given = setup();
    given.queue.enqueue(entries("a"));
    expect(given.queue.ack([{ seq: 1 }, { seq: 7 }])).toEqual(["done", "missing"]);
    expect(given.queue.depth()).toEqual({ ready: 0, leased: 0, dead: 0 });
  });

  test(`${name} tries a row again after its delay, and others meanwhile`, () => {
    using given = setup();
    given.queue.enqueue(entries("a", "b"));
    const [row] = given.queue.lease(1, "worker", 1_000);
    expect(given.queue.nack([{ ...row!, reason: "400", delayMs: 500 }])).toEqual(["done"]);
    expect(keysOf(given.queue.lease(2, "worker", 1_000))).toEqual(["b"]);
    given.clock.advance(500);
    expect(given.queue.lease(2, "worker", 1_000)).toMatchObject([{ key: "a", attempt: 2 }]);
  });

  test(`${name} sets a row aside after its last attempt, and goes on with the others`, () => {
    using given = setup({ maxAttempts: 2 });
    given.queue.enqueue(entries("bad", "good"));
    for (const reason of ["first", "second"]) {
      const [row] = given.queue.lease(1, "worker", 1_000);
      given.queue.nack([{ ...row!, reason, delayMs: 0 }]);
    }
    expect(keysOf(given.queue.lease(9, "worker", 1_000))).toEqual(["good"]);
    expect(given.queue.depth()).toEqual({ ready: 0, leased: 1, dead: 1 });
    expect(given.queue.dead(0, 9)).toMatchObject([{ key: "bad", attempt: 2, error: "second" }]);
    expect(given.queue.enqueue(entries("bad"))).toEqual([{ seq: 1, duplicate: true }]);
  });

  test(`${name} counts an attempt before delivery, so a row that takes the process along ends as well`, () => {
    using given = setup({ maxAttempts: 2 });
    given.queue.enqueue(entries("bad"));
    given.queue.lease(1, "worker", 1_000);
    expect(given.reopen().lease(1, "worker", 1_000)).toMatchObject([{ key: "bad", attempt: 2 }]);
    const last = given.reopen();
    expect(last.lease(1, "worker", 1_000)).toEqual([]);
    expect(last.dead(0, 1)).toMatchObject([{ key: "bad", attempt: 2 }]);
  });

  test(`${name} does not count the attempt of a row that is released`, () => {
    using given = setup();
    given.queue.enqueue(entries("a"));
    given.queue.release(given.queue.lease(1, "worker", 1_000));
    expect(given.queue.lease(1, "worker", 1_000)).toMatchObject([{ key: "a", attempt: 1 }]);
  });

  test(`${name} gives every lease back when it is opened`, () => {
    using given = setup();
    given.queue.enqueue(entries("a"));
    given.queue.lease(1, "worker", Number.POSITIVE_INFINITY);
    expect(given.reopen().lease(1, "worker", 1_000)).toMatchObject([{ key: "a", attempt: 2 }]);
  });

  test(`${name} shows rows, leased or not, without touching them`, () => {
    using given = setup();
    given.queue.enqueue(entries("a", "b", "c"));
    given.queue.lease(1, "worker", 1_000);
    expect(keysOf(given.queue.scan(0, 2))).toEqual(["a", "b"]);
    expect(keysOf(given.queue.scan(2, 2))).toEqual(["c"]);
    expect(given.queue.depth()).toEqual({ ready: 2, leased: 1, dead: 0 });
  });

  test(`${name} finds its counts right after every kind of call`, () => {
    using given = setup({ maxAttempts: 1 });
    given.queue.enqueue(entries("a", "b", "c", "a"));
    const [a, b, c] = given.queue.lease(3, "worker", 1_000);
    given.queue.ack([a!]);
    given.queue.nack([{ ...b!, reason: "400", delayMs: 0 }]);
    given.queue.release([c!]);
    expect(given.queue.verify()).toEqual([]);
    expect(given.reopen().verify()).toEqual([]);
  });
}
