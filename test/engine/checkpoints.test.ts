import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { sleep } from "../../src/base/clock.ts";
import type { Emit, NodeContext, NodeInstance } from "../../src/node/index.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import type { Queue } from "../../src/store/index.ts";
import { DurableBox } from "../support/durable.ts";
import { macrotask, node, packets, sink, source, type TestHost, type TestNode, toEnd } from "../support/engine.ts";
import { packet } from "../support/node.ts";

interface Sums extends TestNode {
  /** What it knows, by source. */
  readonly sums: Record<string, number>;
  /** States it was given. */
  readonly restored: unknown[];
}

/** A node that adds up payloads by source and passes packets on. */
function adding(id: string, more: Partial<NodeInstance> = {}, version = 1): Sums {
  const sums: Record<string, number> = {};
  const restored: unknown[] = [];
  const instance: NodeInstance = {
    process(packet: StreamPacket, emit: Emit) {
      sums[packet.source_id] = (sums[packet.source_id] ?? 0) + (packet.payload as number);
      emit.out!(packet);
    },
    snapshot: () => ({ ...sums }),
    restore(state) {
      restored.push(state);
      Object.assign(sums, state);
    },
    ...more,
  };
  return { ...node(id, undefined, { create: () => instance, stateVersion: version }), sums, restored };
}

/** A source that says it has no more only when it is stopped. */
function staying(id: string, sent: readonly StreamPacket[]): TestNode {
  return source(id, async function* (signal: AbortSignal) {
    yield* sent;
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  });
}

/** Lets everything settle that needs no time, and moves time on by steps of 10 ms. */
async function pass(host: TestHost, ms: number) {
  for (let at = 0; at < ms; at += 10) {
    for (let turn = 0; turn < 5; turn++) await macrotask();
    host.clock.advance(10);
  }
  for (let turn = 0; turn < 5; turn++) await macrotask();
}

/** `queue` with other methods. */
function changed(queue: Queue, methods: Partial<Queue>): Queue {
  const get = (target: Queue, name: keyof Queue) => {
    const value = methods[name] ?? target[name];
    return typeof value === "function" && methods[name] === undefined ? value.bind(target) : value;
  };
  return new Proxy(queue, { get: get as ProxyHandler<Queue>["get"] });
}

const EDGES = ["in => sum", "sum -> out"];
const total = (count: number) => (count * (count - 1)) / 2;

describe("a checkpoint", () => {
  test("has what rows did before they are acknowledged, and comes once a second", async () => {
    using box = new DurableBox();
    const later = Promise.withResolvers<void>();
    const pausing = source("in", async function* (signal: AbortSignal) {
      yield* packets(10);
      await later.promise;
      yield* packets(1, "q");
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    });
    const run = await box.start([pausing, adding("sum"), sink("out")], EDGES);
    await pass(run.host, 900);
    expect(run.queues.get(0)!.stats()).toMatchObject({ ready: 0, leased: 10 });
    expect(run.engine.snapshot().checkpoints).toMatchObject({ taken: 0, intervalMs: 1_000 });
    await pass(run.host, 200);
    expect(run.queues.get(0)!.stats()).toMatchObject({ ready: 0, leased: 0 });
    expect(run.engine.snapshot().checkpoints).toMatchObject({ taken: 1, ageMs: 0 });
    await pass(run.host, 3_000);
    // Nothing has changed, so nothing is written.
    expect(run.engine.snapshot().checkpoints).toMatchObject({ taken: 1, ageMs: 0 });
    later.resolve();
    await pass(run.host, 200);
    // It was up to date until a moment ago, though it was taken four seconds before.
    expect(run.engine.snapshot().checkpoints!.ageMs).toBeLessThanOrEqual(1_000);
    expect(run.engine.snapshot().checkpoints!.ageMs).toBeGreaterThan(0);
    run.engine.stop("signal");
    await toEnd(run.ended, run.host);
  });

  test("is taken of no graph in which nothing comes again, and of none that says false", async () => {
    using box = new DurableBox();
    const plain = await box.run([source("in", packets(3)), adding("sum"), sink("out")], ["in -> sum", "sum -> out"]);
    expect(plain.checkpoints).toBeUndefined();
    box.checkpoint = false;
    const off = await box.run([source("in", packets(3)), adding("sum"), sink("out")], EDGES);
    expect(off.checkpoints).toBeUndefined();
  });

  test("leaves each row in the state exactly once, at whatever moment the process ends", async () => {
    using box = new DurableBox({ ordered: false });
    box.checkpoint = { interval_ms: 30 };
    const all = packets(2_000);
    const run = await box.start([staying("in", all), adding("sum"), sink("out")], EDGES);
    const crashed: DurableBox[] = [];
    for (let at = 0; at < 40; at++) {
      await pass(run.host, 10);
      crashed.push(box.afterCrash());
    }
    run.engine.stop("signal");
    await toEnd(run.ended, run.host);
    const restores = [];
    for (const one of crashed) {
      using after = one;
      const sum = adding("sum");
      // What it is sent again has keys that the queue knows.
      const ended = await after.start([staying("in", all), sum, sink("out")], EDGES);
      await pass(ended.host, 300);
      expect(sum.sums).toEqual({ p: total(2_000) });
      ended.engine.stop("signal");
      await toEnd(ended.ended, ended.host);
      restores.push(sum.restored.length);
    }
    expect(new Set(restores)).toEqual(new Set([0, 1]));
  }, 60_000);

  test("acknowledges again, before any row is handed out, what a crash kept from leaving its queue", async () => {
    // The queue's disk never answers an ack.
    using box = new DurableBox({}, (queue) => changed(queue, { ack: () => new Promise(() => {}) }));
    const run = await box.start([staying("in", packets(10)), adding("sum"), sink("out")], EDGES);
    await pass(run.host, 1_100);
    expect(run.queues.get(0)!.stats().leased).toBe(10);
    using after = box.afterCrash();
    const sum = adding("sum");
    const again = await after.start([staying("in", []), sum, sink("out")], EDGES);
    await pass(again.host, 100);
    expect(sum.sums).toEqual({ p: total(10) });
  });

  test("is the last thing of a run that is stopped, and the next run goes on from it", async () => {
    using box = new DurableBox();
    const first = await box.start([staying("in", packets(10)), adding("sum"), sink("out")], EDGES);
    await pass(first.host, 50);
    first.engine.stop("signal");
    expect(await toEnd(first.ended, first.host)).toMatchObject({ status: "ok", checkpoints: { taken: 1 } });
    expect(first.queues.get(0)!.stats()).toMatchObject({ ready: 0, leased: 0 });
    const sum = adding("sum");
    const second = await box.start([staying("in", packets(4, "q")), sum, sink("out")], EDGES);
    await pass(second.host, 50);
    expect(sum.sums).toEqual({ p: total(10), q: total(4) });
    second.engine.stop("signal");
    expect(await toEnd(second.ended, second.host)).toMatchObject({ checkpoints: { restored: 1, dropped: [] } });
  });

  test("at the end of the input has no state any more: what it was for is over", async () => {
    using box = new DurableBox();
    const told: number[] = [];
    const sum = adding("sum", { advance: (watermarkMs) => void told.push(watermarkMs) });
    const ended = await box.run([source("in", packets(10)), sum, sink("out")], EDGES);
    expect(told.at(-1)).toBe(Number.POSITIVE_INFINITY);
    expect(ended.checkpoints).toMatchObject({ taken: 1, stateBytes: 0 });
    expect(ended.edges[0]!.durable).toMatchObject({ ready: 0, leased: 0 });
    const again = adding("sum");
    await box.run([source("in", packets(1, "q")), again, sink("out")], EDGES);
    expect(again.restored).toEqual([]);
  });

  test("waits for a node that is busy, longer from try to try, and counts those that it gave up", async () => {
    using box = new DurableBox();
    box.checkpoint = { interval_ms: 100 };
    let release = () => {};
    const slow = node("slow", (one, emit) =>
      new Promise<void>((done) => {
        release = done;
      }).then(() => emit.out!(one)),
    );
    const nodes = [staying("in", packets(1)), adding("sum"), slow, sink("out")];
    const run = await box.start(nodes, ["in => sum", "sum -> slow", "slow -> out"]);
    await pass(run.host, 1_000);
    const { checkpoints } = run.engine.snapshot();
    expect(checkpoints).toMatchObject({ taken: 0, skipped: [{ reason: "busy", node: "slow" }] });
    // 50, 100, 200 and 400 ms of pause, 100 ms between them.
    expect(checkpoints!.skipped[0]!.count).toBe(3);
    release();
    await pass(run.host, 50);
    expect(run.engine.snapshot().checkpoints).toMatchObject({ taken: 1 });
    run.engine.stop("signal");
    await toEnd(run.ended, run.host);
  });

  test("that cannot be written leaves the rows in their queue and the run at work, says so, and is tried again", async () => {
    using box = new DurableBox();
    let full = true;
    const run = await box.start([staying("in", packets(10)), adding("sum"), sink("out")], EDGES, {}, (store) => ({
      ...{ file: store.file, loss: store.loss, read: () => store.read(), forgetDone: () => store.forgetDone() },
      ...{ bytes: () => store.bytes(), close: () => store.close() },
      commit: (one) => (full ? Promise.reject(new Error("database or disk is full")) : store.commit(one)),
    }));
    await pass(run.host, 3_500);
    expect(run.queues.get(0)!.stats().leased).toBe(10);
    const skipped = [{ reason: "not_written", node: "", count: 3 }];
    expect(run.engine.snapshot().checkpoints).toMatchObject({ taken: 0, skipped, trouble: "database or disk is full" });
    expect(run.host.logged.filter(({ message }) => message.startsWith("no checkpoint"))).toHaveLength(1);
    full = false;
    await pass(run.host, 1_000);
    expect(run.queues.get(0)!.stats().leased).toBe(0);
    expect(run.engine.snapshot().checkpoints).toMatchObject({ taken: 1, trouble: undefined });
    run.engine.stop("signal");
    await toEnd(run.ended, run.host);
  });

  test("comes at once when a queue is full of rows that wait for one", async () => {
    using box = new DurableBox({ max_bytes: 200 });
    box.checkpoint = { interval_ms: 60_000 };
    const out = sink("out");
    const run = await box.start([staying("in", packets(300)), adding("sum"), out], EDGES);
    await pass(run.host, 2_000);
    expect(out.got).toHaveLength(300);
    run.engine.stop("signal");
    await toEnd(run.ended, run.host);
  });

  test("answers for packets that a node with state keeps; they come again to no other run", async () => {
    using box = new DurableBox();
    const kept = (): TestNode & { packets: StreamPacket[] } => {
      const packets: StreamPacket[] = [];
      const create = ({ hold }: NodeContext): NodeInstance => ({
        process(one) {
          hold();
          packets.push(one);
        },
        snapshot: () => packets.map(({ packet_id }) => packet_id),
        restore: (ids) => void packets.push(...(ids as string[]).map((packet_id) => packet({ packet_id }))),
      });
      return { ...node("kept", undefined, { create }), packets };
    };
    const run = await box.start([staying("in", packets(3)), kept()], ["in => kept"]);
    await pass(run.host, 1_100);
    expect(run.queues.get(0)!.stats()).toMatchObject({ ready: 0, leased: 0 });
    using after = box.afterCrash();
    const again = kept();
    const next = await after.start([staying("in", []), again], ["in => kept"]);
    await pass(next.host, 100);
    expect(again.packets.map(({ packet_id }) => packet_id)).toEqual(["p0", "p1", "p2"]);
    for (const { engine, ended, host } of [run, next]) {
      engine.stop("signal");
      await toEnd(ended, host);
    }
  });

  test("of a source that knows its position goes on there, and what came of it before is in the state", async () => {
    using box = new DurableBox();
    box.checkpoint = { interval_ms: 100 };
    const all = packets(1_000);
    const reader = (): TestNode => {
      let at = 0;
      const create = ({ clock }: NodeContext) => ({
        async *run(signal: AbortSignal) {
          while (at < all.length && !signal.aborted) {
            yield all.slice(at, at + 7);
            at += 7;
            await sleep(clock, 3, signal);
          }
          await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
        },
        snapshot: (taken: number) => at + taken,
        restore: (state: unknown) => {
          at = state as number;
        },
      });
      return { ...source("in", []), create };
    };
    const run = await box.start([reader(), adding("sum"), sink("out")], ["in -> sum", "sum -> out"]);
    const crashed: DurableBox[] = [];
    for (let step = 0; step < 12; step++) {
      await pass(run.host, 50);
      crashed.push(box.afterCrash());
    }
    run.engine.stop("signal");
    await toEnd(run.ended, run.host);
    for (const one of crashed) {
      using after = one;
      const sum = adding("sum");
      const next = await after.start([reader(), sum, sink("out")], ["in -> sum", "sum -> out"]);
      await pass(next.host, 1_800);
      expect(sum.sums).toEqual({ p: total(1_000) });
      next.engine.stop("signal");
      await toEnd(next.ended, next.host);
    }
  }, 60_000);
});

describe("a state of an earlier run", () => {
  /** A box whose state file has the sum of ten packets. */
  async function stopped(): Promise<DurableBox> {
    const box = new DurableBox();
    const run = await box.start([staying("in", packets(10)), adding("sum"), sink("out")], EDGES);
    await pass(run.host, 50);
    run.engine.stop("signal");
    await toEnd(run.ended, run.host);
    return box;
  }

  /** Runs once more, and stops. */
  async function after(box: DurableBox, sum: Sums, edges = EDGES) {
    const run = await box.start([staying("in", []), sum, sink("out")], edges);
    await pass(run.host, 20);
    run.engine.stop("signal");
    return { ...(await toEnd(run.ended, run.host)), host: run.host };
  }

  test.each([
    ["another version", adding("sum", {}, 2), "it is of version 1, and this sum reads version 2"],
    ["a node that is gone", adding("total"), "the graph has no such node with a state any more"],
    [
      "one that the node refuses",
      adding("sum", {
        restore() {
          throw new Error("none of mine");
        },
      }),
      "the node refuses it: none of mine",
    ],
  ])("of %s is dropped, and said once in the log and the report", async (_, sum, reason) => {
    using box = await stopped();
    const ended = await after(
      box,
      sum,
      EDGES.map((edge) => edge.replace("sum", sum.id)),
    );
    expect(ended.checkpoints).toMatchObject({ restored: 0, dropped: [{ part: "node sum", reason }] });
    expect(ended.host.logged.filter(({ message }) => message.includes("is dropped"))).toHaveLength(1);
    expect(sum.sums).toEqual({});
  });

  test("is left out with fresh, and gone for good", async () => {
    using box = await stopped();
    box.fresh = true;
    const sum = adding("sum");
    expect((await after(box, sum)).checkpoints).toMatchObject({ restored: 0, dropped: [] });
    expect(sum.sums).toEqual({});
    box.fresh = false;
    expect((await after(box, sum)).checkpoints).toMatchObject({ restored: 0, dropped: [] });
  });

  test("of another graph is refused, and left as it is", async () => {
    using box = await stopped();
    box.graph = "other";
    const ended = await after(box, adding("sum"));
    expect(ended.failure).toContain("has the state of graph test, and this is graph other");
    box.graph = "test";
    expect((await after(box, adding("sum"))).checkpoints).toMatchObject({ restored: 1 });
  });

  test("that lost its newest checkpoints is used, and what is missing is said", async () => {
    using box = await stopped();
    fs.copyFileSync(box.stateFile, `${box.stateFile}.old`);
    const run = await box.start([staying("in", packets(4, "q")), adding("sum"), sink("out")], EDGES);
    await pass(run.host, 50);
    run.engine.stop("signal");
    await toEnd(run.ended, run.host);
    fs.renameSync(`${box.stateFile}.old`, box.stateFile);
    const sum = adding("sum");
    const ended = await after(box, sum);
    expect(sum.sums).toEqual({ p: total(10) });
    expect(ended.checkpoints!.dropped).toEqual([
      { part: "all", reason: expect.stringMatching(/^the newest (checkpoint is|\d+ checkpoints are) gone$/) },
    ]);
  });
});
