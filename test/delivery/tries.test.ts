import { describe, expect, test } from "bun:test";
import { MAX_EMITS, MAX_RETRY_AFTER_MS } from "../../src/delivery/index.ts";
import { Rejected, Unavailable } from "../../src/node/index.ts";
import { delivering } from "../support/delivery.ts";
import { packet } from "../support/node.ts";

/** Fails as often as there are errors, then succeeds. */
function failing(...errors: (Error | undefined)[]) {
  let at = 0;
  return async () => {
    const error = errors[at++];
    if (error !== undefined) throw error;
  };
}

const away = () => new Unavailable("connection refused");
const never = () => new Promise<void>(() => {});

describe("a packet", () => {
  test("that gets through at once costs one call and no wait", async () => {
    const sync = delivering(() => undefined);
    await sync.send("a");
    expect(sync.ended.a).toEqual({ error: undefined, atMs: 0 });
    expect(sync.clock.pending).toBe(0);
    const later = delivering(async () => {});
    await later.send("a");
    expect(later.ended.a).toEqual({ error: undefined, atMs: 0 });
    expect(later.clock.pending).toBe(0);
  });

  test("that fails is tried three times, also when it fails before a promise is made", async () => {
    for (const fail of [
      () => Promise.reject(new Error("500")),
      () => {
        throw new Error("500");
      },
    ]) {
      const { send, pass, calls, ended, clock, metric } = delivering(fail);
      void send("a");
      await pass(1_000);
      expect(calls).toHaveLength(3);
      expect(ended.a!.error!.message).toBe("failed 3 times in 3 tries, last: 500");
      expect(ended.a!.error!.name).toBe("Error");
      expect(metric("delivery_failed_total")).toBe(3);
      expect(metric("delivery_retries_total")).toBe(2);
      expect(clock.pending).toBe(0);
    }
  });

  test("that is rejected is not tried again", async () => {
    const { send, pass, calls, ended, metric } = delivering(failing(new Rejected("400")));
    void send("a");
    await pass(1_000);
    expect(calls).toHaveLength(1);
    expect(ended.a!.error!.name).toBe("Rejected");
    expect(metric("delivery_rejected_total")).toBe(1);
  });

  test("is held for as long as the outside is away, without using up attempts", async () => {
    let healed = false;
    const outside = async () => {
      if (!healed) throw away();
    };
    const { send, pass, calls, ended, metric } = delivering(outside);
    void send("a");
    await pass(3_600_000);
    expect(ended).toEqual({});
    expect(calls.length).toBeGreaterThan(700);
    healed = true;
    await pass(5_000);
    expect(ended.a!.error).toBeUndefined();
    expect(metric("delivery_circuit")).toBe(0);
  });

  test("is given up after give_up_sec, and not before, as unavailable", async () => {
    const { send, pass, ended, clock } = delivering(
      async () => {
        throw away();
      },
      { give_up_sec: 60 },
    );
    void send("a");
    await pass(59_999);
    expect(ended).toEqual({});
    await pass(1);
    expect(ended.a!.error!).toMatchObject({ name: "Unavailable" });
    expect(ended.a!.error!.message).toMatch(
      /^not delivered, as give_up_sec is 60, after \d+ tries in 60000 ms: connection refused$/,
    );
    expect(clock.pending).toBe(0);
  });

  test("waits between its tries up to 100 ms, 200 ms, 400 ms … 5 s", async () => {
    const longest: number[] = [];
    for (let seed = 1; seed <= 400; seed++) {
      const { send, pass, calls } = delivering(
        async () => {
          throw new Error("500");
        },
        { max_attempts: 9, circuit: undefined },
        { seed },
      );
      void send("a");
      await pass(60_000);
      calls.slice(1).forEach(({ atMs }, at) => {
        longest[at] = Math.max(longest[at] ?? 0, atMs - calls[at]!.atMs);
      });
    }
    const bounds = [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000];
    longest.forEach((ms, at) => {
      expect(ms).toBeLessThan(bounds[at]!);
      expect(ms).toBeGreaterThan(bounds[at]! * 0.95);
    });
    expect(longest).toHaveLength(8);
  });

  test("nobody waits for any more costs nothing after close()", async () => {
    const { send, pass, ended, node, clock, calls } = delivering(never);
    void send("a");
    await pass(10);
    await node.close!();
    expect(clock.pending).toBe(0);
    await pass(100_000);
    expect(calls).toHaveLength(1);
    expect(ended).toEqual({});
  });
});

describe("a try", () => {
  test("is given up after timeout_sec as unavailable", async () => {
    const { send, pass, calls, metric } = delivering(never, { timeout_sec: 7 });
    void send("a");
    await pass(6_999);
    expect(metric("delivery_timeouts_total")).toBe(0);
    await pass(101);
    expect(metric("delivery_timeouts_total")).toBe(1);
    expect(metric("delivery_unavailable_total")).toBe(1);
    expect(calls).toHaveLength(2);
  });

  for (const [what, late] of [
    ["succeeds", (resolve: () => void) => resolve()],
    ["fails", (_: () => void, reject: (error: Error) => void) => reject(new Error("late"))],
  ] as const) {
    test(`that ${what} after it was given up changes nothing`, async () => {
      let first: { resolve: () => void; reject: (error: Error) => void } | undefined;
      const { send, pass, ended, calls, emitted, metric } = delivering(
        (one, emit) => {
          if (first !== undefined) return never();
          return new Promise<void>((resolve, reject) => {
            first = { resolve, reject };
          }).then(() => emit.out!(one));
        },
        {},
        { ports: ["out"] },
      );
      void send("a");
      await pass(30_100);
      expect(calls).toHaveLength(2);
      late(first!.resolve, first!.reject);
      await pass(1);
      expect(ended).toEqual({});
      expect(emitted).toEqual([]);
      expect(metric("delivery_late_total")).toBe(what === "succeeds" ? 2 : 1);
      expect(metric("delivery_failed_total")).toBe(0);
    });
  }

  test("that nobody answers while others get through uses up an attempt", async () => {
    const { send, pass, ended } = delivering((one) => (one.packet_id === "poison" ? never() : undefined));
    void send("poison");
    for (let second = 0; second < 100; second++) {
      await send(`p${second}`);
      await pass(1_000);
    }
    expect(ended.poison!.error!.message).toMatch(/^failed 3 times in 3 tries, last: no answer within \d+ s$/);
    // At most 30 s each, with two short waits.
    expect(ended.poison!.atMs).toBeLessThan(91_000);
    expect(Object.values(ended).filter(({ error }) => error !== undefined)).toHaveLength(1);
  });

  test("leaves no packet behind when it fails, so that two tries do not emit twice", async () => {
    let tries = 0;
    const { send, pass, emitted, ended } = delivering(
      async (one, emit) => {
        emit.out!(one);
        emit.side!({ ...one, packet_id: "b" });
        tries += 1;
        if (tries < 3) throw away();
      },
      {},
      { ports: ["out", "side"] },
    );
    void send("a");
    await pass(1_000);
    expect(ended.a!.error).toBeUndefined();
    expect(emitted).toEqual([
      { port: "out", id: "a" },
      { port: "side", id: "b" },
    ]);
  });

  for (const [what, many] of [
    [
      "an iterator",
      function* (count: number) {
        for (let at = 0; at < count; at++) yield packet({ packet_id: `${at}` });
      },
    ],
    [
      "an async iterator",
      async function* (count: number) {
        for (let at = 0; at < count; at++) yield packet({ packet_id: `${at}` });
      },
    ],
  ] as const) {
    test(`emits what ${what} yields once it has ended, up to ${MAX_EMITS}`, async () => {
      const fits = delivering(() => many(MAX_EMITS), {}, { ports: ["out", "side"] });
      await fits.send("a");
      expect(fits.emitted).toHaveLength(MAX_EMITS);
      expect(fits.emitted.every(({ port }) => port === "out")).toBe(true);
      const over = delivering(() => many(MAX_EMITS + 1), { max_attempts: 1 }, { ports: ["out"] });
      await over.send("a");
      expect(over.emitted).toEqual([]);
      expect(over.ended.a!.error!.message).toContain("write delivery: off in the node's runtime");
    });
  }

  test.each([
    [null, "null"],
    [[], "an array"],
    [7, "number"],
  ])("that gives back %p fails", async (given, shown) => {
    const { send, ended } = delivering(() => given, { max_attempts: 1 });
    await send("a");
    expect(ended.a!.error!.message).toBe(
      `process returned ${shown}: return nothing, a promise or an iterator of packets`,
    );
  });

  test("may throw anything", async () => {
    const { send, ended } = delivering(
      () => {
        throw null;
      },
      { max_attempts: 1 },
    );
    await send("a");
    expect(ended.a!.error!.message).toBe("null");
  });
});

describe("Retry-After", () => {
  test("holds every packet of the node back, and is spread over a second", async () => {
    const spread: number[] = [];
    for (let seed = 1; seed <= 100; seed++) {
      const { send, pass, calls } = delivering(failing(new Unavailable("503", { retryAfterMs: 10_000 })), {}, { seed });
      void send("a");
      await pass(1);
      void send("b");
      await pass(20_000);
      expect(calls).toHaveLength(3);
      spread.push(calls[1]!.atMs);
      expect(calls[2]!.atMs).toBeGreaterThanOrEqual(10_000);
    }
    expect(Math.min(...spread)).toBeGreaterThanOrEqual(10_000);
    expect(Math.max(...spread)).toBeLessThan(11_000);
    expect(Math.max(...spread) - Math.min(...spread)).toBeGreaterThan(900);
  });

  test("of a day is heeded for a minute; of nonsense not at all", async () => {
    for (const [retryAfterMs, fromMs, toMs] of [
      [86_400_000, MAX_RETRY_AFTER_MS, MAX_RETRY_AFTER_MS + 1_000],
      [Number.NaN, 0, 100],
      [-5, 0, 100],
    ] as const) {
      const { send, pass, calls } = delivering(failing(new Unavailable("429", { retryAfterMs })));
      void send("a");
      await pass(100_000);
      expect(calls[1]!.atMs).toBeGreaterThanOrEqual(fromMs);
      expect(calls[1]!.atMs).toBeLessThan(toMs);
    }
  });
});

describe("rate", () => {
  test("lets a burst through at once and then so many per second, further tries included", async () => {
    const { send, pass, calls } = delivering(
      async () => {
        throw new Error("500");
      },
      { rate: { per_sec: 10, burst: 5 }, circuit: undefined },
    );
    for (let at = 0; at < 20; at++) void send(`p${at}`);
    await pass(0);
    expect(calls).toHaveLength(5);
    await pass(10_000);
    expect(calls).toHaveLength(60);
    for (let at = 5; at < 60; at++) expect(calls[at]!.atMs - calls[at - 5]!.atMs).toBeGreaterThanOrEqual(100);
    // 5.5 s by the rate; at the end there may be nobody whose backoff is over.
    expect(calls.at(-1)!.atMs).toBeLessThan(5_800);
  });

  test("has no effect while fewer come", async () => {
    const { send, pass, ended } = delivering(async () => {}, { rate: { per_sec: 10, burst: 1 } });
    for (let at = 0; at < 20; at++) {
      await send(`p${at}`);
      await pass(100);
    }
    for (const [at, { atMs }] of Object.values(ended).entries()) expect(atMs).toBeCloseTo(at * 100, 5);
  });
});

test("the node's own metrics, snapshot and close stay what they were", async () => {
  const done: string[] = [];
  const { node } = delivering(
    () => undefined,
    {},
    {
      rest: {
        metrics: () => ({ sent_total: 4 }),
        snapshot: () => 7,
        restore: (state) => void done.push(`restore ${state}`),
        close: () => void done.push("close"),
      },
    },
  );
  expect(node.metrics!()).toMatchObject({ sent_total: 4, delivery_tries_total: 0 });
  expect(node.snapshot!()).toBe(7);
  node.restore!(9);
  await node.close!();
  expect(done).toEqual(["restore 9", "close"]);
  const plain = delivering(
    () => undefined,
    {},
    {
      rest: {
        metrics: () => {
          throw new Error("no");
        },
      },
    },
  ).node;
  expect(plain.snapshot).toBeUndefined();
  expect(plain.metrics!().delivery_tries_total).toBe(0);
});
