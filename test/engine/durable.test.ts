import { describe, expect, test } from "bun:test";
import { sleep } from "../../src/base/clock.ts";
import { packetBudget } from "../../src/engine/index.ts";
import { type Hold, Rejected, Unavailable } from "../../src/node/index.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import { type Queue, StoreError } from "../../src/store/index.ts";
import { DurableBox } from "../support/durable.ts";
import { counters, edge, macrotask, node, packets, sink, source, type TestNode, toEnd } from "../support/engine.ts";
import { packet } from "../support/node.ts";

const keyed = (key: string, fields: Partial<StreamPacket> = {}) =>
  packet({ packet_id: `id-${key}`, source_id: "s", payload: key, meta: { idempotency_key: key }, ...fields });
const durable = (ended: Awaited<ReturnType<DurableBox["run"]>>) => ended.edges.find((one) => one.durable)!.durable!;
const payloads = (got: readonly StreamPacket[]) => got.map(({ payload }) => payload);

describe("a durable edge", () => {
  test("delivers every packet in order, and is empty at the end", async () => {
    using box = new DurableBox();
    const end = sink("z");
    const ended = await box.run([source("s", packets(2_500)), end], ["s => z"]);
    expect(end.ids).toEqual(packets(2_500).map(({ packet_id }) => packet_id));
    expect(durable(ended)).toMatchObject({ enqueued: 2_500, delivered: 2_500, acked: 2_500, ready: 0, leased: 0 });
    expect(ended).toMatchObject({ status: "ok", stopReason: "end_of_input" });
    expect(ended.edges).toHaveLength(1);
    expect(ended.nodes.map(({ id }) => id)).toEqual(["s", "z"]);
  });

  test("acks the source when the row is committed, not when it is delivered", async () => {
    using box = new DurableBox();
    const heard: string[] = [];
    const one = source("s", packets(1), { ack: () => heard.push("ack") });
    const never = sink("z", {}, { create: () => ({ process: () => new Promise<void>(() => {}) }) });
    const { engine, ended, host } = await box.start([one, never], ["s => z"]);
    for (let step = 0; step < 20; step++) await macrotask();
    expect(heard).toEqual(["ack"]);
    engine.stop("signal");
    await toEnd(ended, host);
    expect(await box.look("edge0", (queue) => queue.scan(0, 9))).toHaveLength(1);
  });

  test("keeps what a run could not deliver for the next one, the attempt not counted", async () => {
    using box = new DurableBox();
    const stuck = sink("z", {}, { create: () => ({ process: () => new Promise<void>(() => {}) }) });
    const first = await box.start([source("s", packets(5)), stuck], ["s => z"]);
    for (let step = 0; step < 20; step++) await macrotask();
    first.engine.stop("signal");
    await toEnd(first.ended, first.host);
    const end = sink("z");
    const second = await box.run([source("s", []), end], ["s => z"]);
    expect(end.ids).toEqual(["p0", "p1", "p2", "p3", "p4"]);
    expect(durable(second)).toMatchObject({ enqueued: 0, redelivered: 0, acked: 5 });
  });

  test("takes a key once, also when its packet was delivered before", async () => {
    using box = new DurableBox();
    const end = sink("z");
    await box.run([source("s", [keyed("a"), keyed("b")]), end], ["s => z"]);
    const again = await box.run([source("s", [keyed("a"), keyed("c")]), end], ["s => z"]);
    expect(payloads(end.got)).toEqual(["a", "b", "c"]);
    expect(durable(again)).toMatchObject({ duplicates: 1, enqueued: 1 });
  });

  test("makes copies of one packet different rows, and the same rows again when the source repeats it", async () => {
    using box = new DurableBox();
    const twice = () => node("twice", (one, emit) => [1, 2].forEach(() => void emit.out!(one)));
    const graph = () => [source("s", [keyed("a")]), node("l"), node("r"), twice(), end];
    const edges = ["s -> l", "s -> r", "l -> twice", "r -> twice", "twice => z"];
    const end = sink("z");
    await box.run(graph(), edges);
    const keys = end.got.map(({ meta }) => meta.idempotency_key);
    expect(new Set(keys).size).toBe(4);
    expect(keys).toContain("a");
    expect(durable(await box.run(graph(), edges))).toMatchObject({ duplicates: 4, enqueued: 0 });
  });

  test("numbers what one call makes in the order it was made", async () => {
    using box = new DurableBox();
    const end = sink("z");
    const many = node("m", (one, emit) => [1, 2, 3, 4].forEach(() => void emit.out!(one)));
    await box.run([source("s", [keyed("a")]), many, end], ["s -> m", "m => z"]);
    const keys = end.got.map(({ meta }) => String(meta.idempotency_key).replace(/#\w+/, "#"));
    expect(keys).toEqual(["a", "a#-1", "a#-2", "a#-3"]);
  });

  test("knows each copy again, whichever of them comes first", async () => {
    using box = new DurableBox();
    const after = (id: string, ms: number, fails = false) =>
      node(id, undefined, {
        create: ({ clock }) => ({
          async process(one, emit) {
            await sleep(clock, ms);
            if (fails) throw new Error("not this time");
            emit.out!({ ...one, payload: id });
          },
        }),
      });
    const end = sink("z");
    const run = (...both: TestNode[]) =>
      box.run([source("s", [keyed("a")]), ...both, node("j"), end], ["s -> l", "s -> r", "l -> j", "r -> j", "j => z"]);
    await run(after("l", 1), after("r", 50, true));
    expect(durable(await run(after("l", 50), after("r", 1)))).toMatchObject({ duplicates: 1, enqueued: 1 });
    expect(payloads(end.got)).toEqual(["l", "r"]);
  });

  test("keeps copies apart that meet on a second edge, one of them by way of the first", async () => {
    using box = new DurableBox();
    const end = sink("z");
    const graph = [source("s", [keyed("a")]), node("l"), node("j"), end];
    await box.run(graph, ["s => l", "s -> j", "l -> j", "j => z"]);
    expect(payloads(end.got)).toEqual(["a", "a"]);
  });

  test.each([
    ["a bigint", 1n],
    ["a function", () => 1],
    ["NaN", Number.NaN],
    ["a Date", new Date(0)],
    ["raw bytes", new Uint8Array(1)],
  ])("makes a dead letter of %s in a payload and goes on", async (_, value) => {
    using box = new DurableBox();
    const end = sink("z");
    const one = source("s", [keyed("bad", { payload: { value } }), keyed("good")]);
    const ended = await box.run([one, end], ["s => z"]);
    expect(payloads(end.got)).toEqual(["good"]);
    expect(ended.deadLetters.recent).toMatchObject([
      { node_id: "s.out->z.in", reason: expect.stringContaining("payload.value") },
    ]);
  });

  test("hands packets to an async node in order of their partition, and other partitions meanwhile", async () => {
    using box = new DurableBox();
    const under = new Map<string, number>();
    let [most, all, allNow] = [0, 0, 0];
    const done: Record<string, unknown[]> = { a: [], b: [], c: [] };
    const slow = node(
      "slow",
      async ({ source_id, payload }) => {
        under.set(source_id, (under.get(source_id) ?? 0) + 1);
        most = Math.max(most, under.get(source_id)!);
        all = Math.max(all, ++allNow);
        await macrotask();
        done[source_id]!.push(payload);
        under.set(source_id, under.get(source_id)! - 1);
        allNow -= 1;
      },
      { outputs: [], kind: "sink", runtime: { concurrency: 8, ordered: false } },
    );
    const all90 = Array.from({ length: 90 }, (_, at) =>
      packet({ packet_id: `${at}`, source_id: "abc"[at % 3]!, payload: at }),
    );
    await box.run([source("s", all90), slow], ["s => slow"]);
    expect([most, all]).toEqual([1, 3]);
    for (const got of Object.values(done)) expect(got).toEqual([...got].sort((a, b) => Number(a) - Number(b)));
    expect(Object.values(done).flat()).toHaveLength(90);
  });
});

describe("a packet that fails behind a durable edge", () => {
  const failing = (times: number, error: () => Error) => {
    let failed = 0;
    return node("work", (one, emit) => {
      if (one.payload === "bad" && failed++ < times) throw error();
      emit.out!(one);
    });
  };

  test("is tried again, before later ones of its partition", async () => {
    using box = new DurableBox();
    const end = sink("z");
    const work = failing(2, () => new Error("busy"));
    const three = ["first", "bad", "last"].map((key) => keyed(key));
    const ended = await box.run([source("s", three), work, end], ["s => work", "work -> z"]);
    expect(payloads(end.got)).toEqual(["first", "bad", "last"]);
    expect(durable(ended)).toMatchObject({ nacked: 2, acked: 3, dead: 0 });
    expect(ended.deadLetters.total).toBe(0);
  });

  test("is a dead letter of its node after max_attempts, kept in the queue's file, and holds up no other", async () => {
    using box = new DurableBox({ max_attempts: 3 });
    const end = sink("z");
    const work = failing(99, () => new Error("no"));
    const ended = await box.run([source("s", [keyed("bad"), keyed("good")]), work, end], ["s => work", "work -> z"]);
    expect(payloads(end.got)).toEqual(["good"]);
    expect(ended.deadLetters.recent).toMatchObject([{ node_id: "work", attempts: 3, queue: "s.out->work.in" }]);
    expect(counters(ended, "work")).toMatchObject({ deadLetters: 1, errors: 3 });
    const [dead] = await box.look("edge0", (queue) => queue.dead(0, 9));
    expect(dead).toMatchObject({ key: "bad", node: "work", port: "in", error: "no", attempts: 3 });
    expect(dead!.stack).toContain("durable.test.ts");
  });

  test("is one at once when it was rejected for good", async () => {
    using box = new DurableBox();
    const work = failing(99, () => new Rejected("422"));
    const ended = await box.run([source("s", [keyed("bad")]), work, sink("z")], ["s => work", "work -> z"]);
    expect(ended.deadLetters.recent).toMatchObject([{ attempts: 1 }]);
  });

  test("is tried without end while the outside is away", async () => {
    using box = new DurableBox({ max_attempts: 2 });
    const end = sink("z");
    const work = failing(20, () => new Unavailable("connection refused"));
    const ended = await box.run([source("s", [keyed("bad")]), work, end], ["s => work", "work -> z"]);
    expect(payloads(end.got)).toEqual(["bad"]);
    expect(durable(ended)).toMatchObject({ nacked: 20, dead: 0 });
  });

  test("comes back to its input when a person replays it, and goes nowhere when that is gone", async () => {
    using box = new DurableBox();
    const ended = await box.run([source("s", [keyed("bad")]), failing(99, () => new Error("no"))], ["s -> work"]);
    expect(ended.deadLetters.total).toBe(1);
    const letter = { ...LETTER, partition: "work.in", node: "work", port: "in" };
    const lost = { ...LETTER, key: "lost", partition: "gone.in", node: "gone", port: "in" };
    await box.look("letters", async (queue) => {
      await queue.setAside([letter, lost]);
      return queue.revive((await queue.dead(0, 9)).map(({ seq }) => seq));
    });
    const end = sink("work");
    const replayed = await box.run([source("s", []), end], ["s -> work"]);
    expect(payloads(end.got)).toEqual(["kept"]);
    expect(replayed.status).toBe("ok");
    expect(await box.look("letters", (queue) => queue.dead(0, 9))).toMatchObject([
      { key: "lost", error: expect.stringContaining("no input gone.in") },
    ]);
  });
});

const LETTER = {
  ...{ key: "k", packet_id: "k", ts: "2026-01-01T00:00:00.000Z", kind: "sample", source_id: "s" },
  ...{ payload: '"kept"', meta: "{}", error: "no", stack: "", attempts: 1, firstFailedMs: 0, lastFailedMs: 0 },
};

/** A queue that fails as `fail` says before it is asked. */
const faulty =
  (fail: (call: string) => Error | undefined) =>
  (queue: Queue): Queue =>
    new Proxy(queue, {
      get(target, name) {
        const value = Reflect.get(target, name);
        if (typeof value !== "function" || !["enqueue", "ack", "lease", "nack"].includes(String(name))) {
          return typeof value === "function" ? value.bind(target) : value;
        }
        return async (...args: unknown[]) => {
          const error = fail(String(name));
          if (error !== undefined) throw error;
          return value.apply(target, args);
        };
      },
    });

describe("a disk that fails", () => {
  test.each(["enqueue", "ack", "lease"])(
    "at %s is asked again, and nothing is lost or acked before",
    async (broken) => {
      let left = 4;
      const fail = (call: string) =>
        call === broken && left-- > 0 ? new StoreError("QUEUE_UNWRITABLE", "disk I/O error") : undefined;
      using box = new DurableBox({}, faulty(fail));
      const end = sink("z");
      const heard: string[] = [];
      const one = source("s", packets(300), {
        ack: ({ packet_id }) => heard.push(packet_id),
        nack: () => heard.push("nack"),
      });
      const ended = await box.run([one, end], ["s => z"]);
      expect(new Set(end.ids).size).toBe(300);
      expect(heard).toEqual(packets(300).map(({ packet_id }) => packet_id));
      expect(ended.host.logged.filter(({ message }) => message.includes("fails and is tried again"))).toHaveLength(1);
    },
  );

  test("that is full blocks the producers until there is room", async () => {
    let full = true;
    const fail = (call: string) => (call === "enqueue" && full ? new StoreError("QUEUE_FULL", "max_bytes") : undefined);
    using box = new DurableBox({}, faulty(fail));
    const end = sink("z");
    const many = packets(5_000);
    const { engine, host, ended } = await box.start([source("s", many), end], ["s => z"]);
    for (let step = 0; step < 50; step++) {
      await macrotask();
      host.clock.advance(100);
    }
    const { produced } = engine.snapshot().nodes[0]!.counters;
    expect(produced).toBeLessThan(4_000);
    full = false;
    await toEnd(ended, host);
    expect(end.ids).toEqual(many.map(({ packet_id }) => packet_id));
  });

  test("that has no room for one call keeps the order of what followed it", async () => {
    // The first call does not fit, the second would: 1,024 rows of 200 bytes, and 1,024 of 10.
    using box = new DurableBox({ max_bytes: 100_000 });
    const end = sink("z");
    const many = packets(2_500).map((one, at) => ({ ...one, payload: "x".repeat(at < 1_024 ? 200 : 10) }));
    await box.run([source("s", many), end], ["s => z"]);
    expect(end.ids).toEqual(many.map(({ packet_id }) => packet_id));
  });

  test("that is full tells a sender who waits to come again, at once, and sets nothing aside", async () => {
    let full = true;
    const fail = (call: string) => (call === "enqueue" && full ? new StoreError("QUEUE_FULL", "max_bytes") : undefined);
    using box = new DurableBox({}, faulty(fail));
    const heard: string[] = [];
    const one = source("s", packets(5), {
      acknowledges: true,
      ack: ({ packet_id }) => heard.push(`ack ${packet_id}`),
      nack: ({ packet_id }, _, { kind }) => heard.push(`${kind} ${packet_id}`),
    });
    const ended = await box.run([one, sink("z")], ["s => z"]);
    expect(heard).toEqual(packets(5).map(({ packet_id }) => `unavailable ${packet_id}`));
    expect(ended.deadLetters.total).toBe(0);
    full = false;
  });

  test("that is full gives the newest up and counts them where the graph says so", async () => {
    const fail = (call: string) => (call === "enqueue" ? new StoreError("QUEUE_FULL", "max_bytes") : undefined);
    using box = new DurableBox({ overflow: "drop_newest" }, faulty(fail));
    const ended = await box.run([source("s", packets(10)), sink("z")], ["s => z"]);
    expect(Object.fromEntries(edge(ended, "s -> z").dropped)).toEqual({ queue_full: 10 });
  });
});

describe("a run with a durable edge", () => {
  test("that has its packets delivers them before it ends", async () => {
    using box = new DurableBox();
    const end = sink("z");
    const endless = source("s", function* () {
      for (let at = 0; ; at++) yield packet({ packet_id: `p${at}` });
    });
    const ended = await box.run([endless, end], ["s => z"], { throttles: [packetBudget(100)] });
    expect(end.ids).toHaveLength(100);
    expect(ended).toMatchObject({ stopReason: "max_packets", status: "ok" });
  });

  test("drains the backlog at drain_rate", async () => {
    using box = new DurableBox();
    await box.look("edge0", async (queue) => {
      const { entryCodec } = await import("../../src/store/index.ts");
      return queue.enqueue(packets(60).map((one) => entryCodec.encode(one, one.source_id)));
    });
    box.given = { drain_rate: 10 };
    const end = sink("z");
    const { host, ended } = await box.start([source("s", []), end], ["s => z"]);
    const startMs = host.clock.monotonicMs();
    await toEnd(ended, host);
    expect(end.ids).toHaveLength(60);
    expect(host.clock.monotonicMs() - startMs).toBeGreaterThan(4_500);
  });
});

test("an outage longer than any lease repeats nothing, and more than a window of rows goes on behind it", async () => {
  using box = new DurableBox();
  const end = sink("z");
  let away = true;
  const held: (() => void)[] = [];
  const holds = node(
    "holds",
    async (one, emit) => {
      if (away) await new Promise<void>((resolve) => held.push(resolve));
      emit.out!(one);
    },
    { runtime: { concurrency: 4 } },
  );
  const { host, ended } = await box.start([source("s", packets(5_000)), holds, end], ["s => holds", "holds -> z"]);
  for (let minute = 0; minute < 60; minute++) {
    host.clock.advance(60_000);
    await macrotask();
  }
  away = false;
  for (const resume of held) resume();
  const after = await toEnd(ended, host);
  expect(end.ids).toEqual(packets(5_000).map(({ packet_id }) => packet_id));
  expect(after.edges[0]!.durable).toMatchObject({ delivered: 5_000, redelivered: 0, acked: 5_000 });
}, 60_000);

describe("a durable edge with payload_ref", () => {
  const big = (one: StreamPacket) => String(one.payload).startsWith("big");
  /** Keeps payloads that begin with "big" aside; `store` may fail or take its time. */
  const spillWith = (store: (payload: unknown) => Promise<void>) => {
    const kept = new Map<string, unknown>();
    let held = 0;
    const spill = {
      spill(one: StreamPacket) {
        if (!big(one)) return undefined;
        return store(one.payload).then(() => {
          kept.set(one.packet_id, one.payload);
          held += 1;
          const release = () => {
            held -= 1;
          };
          return { packet: { ...one, payload: { ref: one.packet_id } }, release };
        });
      },
      restore(one: StreamPacket) {
        const { ref } = Object(one.payload) as { ref?: string };
        return ref === undefined ? undefined : Promise.resolve({ ...one, payload: kept.get(ref) });
      },
    };
    return { spill, held: () => held };
  };
  const six = ["big 1", "2", "big 3", "4", "5", "big 6"].map((payload) => keyed(payload, { payload }));

  test("keeps the order of packets whose payloads take longer to write", async () => {
    using box = new DurableBox();
    let slow = 6;
    const { spill, held } = spillWith(async () => {
      for (let waits = slow--; waits > 0; waits--) await macrotask();
    });
    box.spill = spill;
    const end = sink("z");
    await box.run([source("s", six), end], ["s => z"]);
    expect([payloads(end.got), held()]).toEqual([["big 1", "2", "big 3", "4", "5", "big 6"], 0]);
  });

  test("makes producers wait while there is no room for payloads", async () => {
    using box = new DurableBox();
    let refusals = 5;
    const { spill } = spillWith(async () => {
      if (refusals-- > 0) throw new Unavailable("BLOB_FULL");
    });
    box.spill = spill;
    const end = sink("z");
    const ended = await box.run([source("s", six), end], ["s => z"]);
    expect([payloads(end.got), ended.deadLetters.total]).toEqual([["big 1", "2", "big 3", "4", "5", "big 6"], 0]);
  });

  test("makes a dead letter of a payload that can never be kept, and goes on", async () => {
    using box = new DurableBox();
    const { spill } = spillWith(async (payload) => {
      if (payload === "big 3") throw new Rejected("BLOB_TOO_LARGE");
    });
    box.spill = spill;
    const end = sink("z");
    const ended = await box.run([source("s", six), end], ["s => z"]);
    expect([payloads(end.got), ended.deadLetters.total]).toEqual([["big 1", "2", "4", "5", "big 6"], 1]);
  });
});

describe("two durable edges one after the other", () => {
  test("a packet that the second refuses is a dead letter of the node that sent it, and holds up no other", async () => {
    using box = new DurableBox();
    const end = sink("z");
    const spoils = node("spoils", (one, emit) =>
      emit.out!(one.payload === 1 ? { ...one, payload: { value: 1n } } : one),
    );
    const ended = await box.run([source("s", packets(3)), spoils, end], ["s => spoils", "spoils => z"]);
    expect(end.ids).toEqual(["p0", "p2"]);
    expect(ended.deadLetters.recent).toMatchObject([{ node_id: "spoils", queue: "s.out->spoils.in" }]);
  });
});

test("a row whose characters fit max_bytes and whose bytes do not is a dead letter, and those behind it go on", async () => {
  using box = new DurableBox({ max_bytes: 1_000 });
  const end = sink("z");
  const wide = keyed("wide", { payload: "ü".repeat(700) });
  const ended = await box.run([source("s", [wide, keyed("next")]), end], ["s => z"]);
  expect(payloads(end.got)).toEqual(["next"]);
  expect(ended.deadLetters.recent[0]!.reason).toContain("max_bytes is 1000");
});

test("a stop leaves the backlog for the next run and does not wait for it", async () => {
  using box = new DurableBox();
  const stuck = sink("z", {}, { create: () => ({ process: () => new Promise<void>(() => {}) }) });
  const first = await box.start([source("s", packets(500)), stuck], ["s => z"]);
  for (let step = 0; step < 20; step++) await macrotask();
  first.engine.stop("signal");
  await toEnd(first.ended, first.host);
  const slow = node("z", async () => macrotask(), { kind: "sink", outputs: [] });
  const second = await box.start([source("s", []), slow], ["s => z"]);
  for (let step = 0; step < 20; step++) await macrotask();
  const beganMs = second.host.clock.monotonicMs();
  second.engine.stop("signal");
  await toEnd(second.ended, second.host);
  expect(second.host.clock.monotonicMs() - beganMs).toBeLessThan(1_000);
  expect(await box.look("edge0", async (queue) => queue.stats().ready)).toBeGreaterThan(400);
});

test("packets that a node keeps do not hold up their partition, and are answered for when it lets them go", async () => {
  using box = new DurableBox({ partition_by: "source_id" });
  const end = sink("z");
  const create: TestNode["create"] = ({ hold, carry }) => {
    let kept: { one: StreamPacket; hold: Hold | undefined }[] = [];
    return {
      process(one, emit) {
        kept.push({ one, hold: hold() });
        if (kept.length < 5) return;
        carry(kept.map((entry) => entry.hold));
        emit.out!({ ...one, payload: kept.map(({ one: { payload } }) => payload) });
        kept = [];
      },
    };
  };
  const fives = { ...node("fives"), create };
  const ended = await box.run([source("s", packets(10)), fives, end], ["s => fives", "fives -> z"]);
  expect(payloads(end.got)).toEqual([
    [0, 1, 2, 3, 4],
    [5, 6, 7, 8, 9],
  ]);
  expect(ended.edges[0]!.durable).toMatchObject({ ready: 0, leased: 0, acked: 10 });
});
