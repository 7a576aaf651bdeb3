import { expect, test } from "bun:test";
import type { Clock } from "../../src/base/clock.ts";
import { sleep } from "../../src/base/clock.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import {
  counters,
  engine,
  macrotask,
  node,
  packets,
  run,
  sink,
  source,
  type TestRuntime,
  toEnd,
} from "../support/engine.ts";

/** A node that takes `waitMs(packet)` and passes it on. */
function slow(id: string, waitMs: (one: StreamPacket) => number, runtime: TestRuntime) {
  let clock!: Clock;
  const base = node(id, undefined, { runtime });
  return {
    ...base,
    create(context: { clock: Clock }) {
      clock = context.clock;
      return {
        async process(one: StreamPacket, emit: Record<string, (one: StreamPacket) => void>) {
          const ms = waitMs(one);
          if (ms > 0) await sleep(clock, ms);
          emit.out!(one);
        },
      };
    },
  };
}

const EDGES = ["s -> work", "work -> end"];
/** Something to wait for that is no promise. */
const thenable = (then: (done: () => void) => unknown) =>
  Object.fromEntries([[["th", "en"].join(""), then]]) as unknown as Promise<void>;
/** The later a packet comes, the sooner it is done. */
const backwards = (one: StreamPacket) => 100 - 10 * (one.payload as number);

test("concurrency 8 works on 8 packets at once", async () => {
  const work = slow("work", () => 100, { concurrency: 8 });
  const ended = await run([source("s", packets(16)), work, sink("end")], EDGES);
  expect(ended.uptimeMs).toBeLessThan(300);
});

test("concurrency 1 works on one packet after the other", async () => {
  const work = slow("work", () => 100, {});
  const ended = await run([source("s", packets(4)), work, sink("end")], EDGES);
  expect(ended.uptimeMs).toBeGreaterThanOrEqual(400);
});

test("ordered results leave in the order their packets came in", async () => {
  const end = sink("end");
  const work = slow("work", backwards, { concurrency: 4, ordered: true });
  await run([source("s", packets(8)), work, end], EDGES);
  expect(end.ids).toEqual(packets(8).map((one) => one.packet_id));
});

test("ordered results wait for earlier ones also when a call is done at once", async () => {
  const end = sink("end");
  const work = slow("work", (one) => (one.payload === 0 ? 50 : 0), { concurrency: 4, ordered: true });
  await run([source("s", packets(3)), work, end], EDGES);
  expect(end.ids).toEqual(["p0", "p1", "p2"]);
});

test("ordered results wait for earlier ones also when a call returns no promise", async () => {
  const end = sink("end");
  let release!: () => void;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const work = node(
    "work",
    (one, emit) => {
      if (one.payload === 0) return gate.then(() => emit.out!(one));
      if (one.payload === 2) release();
      emit.out!(one);
    },
    { runtime: { concurrency: 4, ordered: true } },
  );
  const ended = await run([source("s", packets(3)), work, end], EDGES);
  expect(end.ids).toEqual(["p0", "p1", "p2"]);
  expect(counters(ended, "work")).toMatchObject({ consumed: 3, produced: 3 });
});

test("unordered results leave as they are done", async () => {
  const end = sink("end");
  const work = slow("work", backwards, { concurrency: 4, ordered: false });
  await run([source("s", packets(4)), work, end], EDGES);
  expect(end.ids).toEqual(["p3", "p2", "p1", "p0"]);
});

test("a slow call of a node without outputs keeps only its own slot from the packets behind it", async () => {
  const ended: number[] = [];
  const work = async ({ payload }: StreamPacket) => {
    for (let waits = 0; payload === 0 && waits < 100 && ended.length < 5; waits++) await macrotask();
    ended.push(payload as number);
  };
  const end = node("end", work, { kind: "sink", outputs: [], runtime: { concurrency: 2 } });
  await run([source("s", packets(6)), end], ["s -> end"]);
  expect(ended).toEqual([1, 2, 3, 4, 5, 0]);
});

test("a failure in an ordered line holds nobody up", async () => {
  const end = sink("end");
  const work = node(
    "work",
    async (one, emit) => {
      await macrotask();
      if (one.payload === 1) throw new Error("no");
      emit.out!(one);
    },
    { runtime: { concurrency: 3 } },
  );
  const ended = await run([source("s", packets(5)), work, end], EDGES);
  expect(end.ids).toEqual(["p0", "p2", "p3", "p4"]);
  expect(ended).toMatchObject({ status: "degraded", deadLetters: { total: 1 } });
});

test("a promise that rejects makes a dead letter with the packet, the node and the reason", async () => {
  const work = node("work", () => Promise.reject(new Error("backend is down")));
  const ended = await run([source("s", packets(1)), work, sink("end")], EDGES);
  expect(ended.deadLetters.recent).toMatchObject([
    { node_id: "work", reason: "backend is down", attempts: 1, packet: { packet_id: "p0" } },
  ]);
});

test("a promise that rejects without a reason is a failure, too", async () => {
  const work = node("work", () => Promise.reject());
  const ended = await run([source("s", packets(1)), work, sink("end")], EDGES);
  expect(ended.deadLetters.total).toBe(1);
});

test("a thenable that calls back twice is done once", async () => {
  const work = node("work", () => thenable((done) => [done(), done()]), { runtime: { concurrency: 2 } });
  const ended = await run([source("s", packets(4)), work, sink("end")], EDGES);
  expect(ended.nodes[1]!.inFlight).toBe(0);
  expect(counters(ended, "work").consumed).toBe(4);
});

test("a thenable that throws when asked is a dead letter", async () => {
  const work = node("work", () =>
    thenable(() => {
      throw new Error("broken promise");
    }),
  );
  const ended = await run([source("s", packets(1)), work, sink("end")], EDGES);
  expect(ended).toMatchObject({ status: "degraded", deadLetters: { total: 1 } });
});

test("a slow consumer makes an async node wait, so no inbox exceeds its bound", async () => {
  const end = slow("end", () => 10, { inbox: { capacity: 2 } });
  const work = slow("work", () => 1, { concurrency: 8, ordered: false });
  const ended = await run([source("s", packets(40)), work, end], EDGES);
  expect(counters(ended, "end").consumed).toBe(40);
  expect(ended.nodes[2]!.inboxes[0]!.peak).toBeLessThanOrEqual(2);
});

test("packets of a call that goes on keep their order on every edge while one branch is full", async () => {
  const fast = sink("fast", { inbox: { capacity: 1 } });
  const lame = sink("lame");
  let clock!: Clock;
  const lameNode = {
    ...lame,
    runtime: { inbox: { capacity: 1 } },
    create(context: { clock: Clock }) {
      clock = context.clock;
      return { process: (one: StreamPacket) => sleep(clock, 100).then(() => void lame.got.push(one)) };
    },
  };
  const work = node("work", async (_, emit) => {
    for (const one of packets(6)) {
      emit.out!(one);
      emit.out!(packets(1, `${one.packet_id}-`)[0]!);
      await sleep(clock, 1);
    }
  });
  await run(
    [source("s", packets(1)), work, fast, lameNode],
    ["s -> work", "work -> lame", "work -> fast"],
    {},
    { stepMs: 1 },
  );
  const expected = packets(6).flatMap((one) => [one.packet_id, `${one.packet_id}-0`]);
  expect(fast.ids).toEqual(expected);
  expect(lame.got.map((one) => one.packet_id)).toEqual(expected);
});

test("stop() waits for a promise that never settles until the deadline, counts it and ends", async () => {
  const work = node("work", () => new Promise<void>(() => {}));
  const { engine: one, host } = engine([source("s", packets(3)), work, sink("end")], EDGES, { drainMs: 1_000 });
  const ending = one.run();
  await macrotask();
  one.stop("signal");
  const ended = await toEnd(ending, host);
  expect(ended).toMatchObject({ stopReason: "signal", status: "degraded", uptimeMs: 1_000 });
  expect(counters(ended, "work").dropped.get("drain_deadline")).toBe(3);
  expect(host.clock.pending).toBe(0);
});

test("a call that comes back after the run has ended changes nothing any more", async () => {
  let finish!: () => void;
  let late!: () => void;
  const gate = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const work = node("work", (one, emit) => {
    late = () => emit.out!(one);
    return gate;
  });
  const { engine: one, host } = engine([source("s", packets(1)), work, sink("end")], EDGES, { drainMs: 100 });
  const ending = one.run();
  await macrotask();
  one.stop("signal");
  const ended = await toEnd(ending, host);
  late();
  finish();
  await macrotask();
  expect(counters(ended, "work")).toMatchObject({ produced: 0, lateEmits: 1 });
  expect(ended.edges[1]!.counters.passed).toBe(0);
});

for (const on_error of ["dead_letter", "retry"] as const) {
  test(`a call that fails after the run has ended is neither a dead letter nor tried again (on_error: ${on_error})`, async () => {
    let fail!: (error: Error) => void;
    const gate = new Promise<void>((_, reject) => {
      fail = reject;
    });
    const work = node("work", () => gate, { runtime: { on_error } });
    const { engine: one, host } = engine([source("s", packets(1)), work], ["s -> work"], { drainMs: 100 });
    const ending = one.run();
    await macrotask();
    one.stop("signal");
    const ended = await toEnd(ending, host);
    fail(new Error("too late"));
    await macrotask();
    expect(counters(ended, "work")).toMatchObject({ deadLetters: 0, retries: 0 });
    expect(host.clock.pending).toBe(0);
  });
}

test("a snapshot tells for how long calls have left a node no room, and nothing of one that emits without end", async () => {
  const stuck = node("stuck", () => new Promise<void>(() => {}), { runtime: { concurrency: 2 }, outputs: [] });
  async function* endless() {
    for (;;) {
      await macrotask();
      yield packets(1)[0]!;
    }
  }
  const emits = node("emits", () => endless());
  const graph = [source("s", packets(9)), stuck, emits, sink("end")];
  const { engine: one, host } = engine(graph, ["s -> stuck", "s -> emits", "emits -> end"], { drainMs: 100 });
  const ending = one.run();
  await macrotask();
  host.clock.advance(40_000);
  const busy = () => Object.fromEntries(one.snapshot().nodes.map(({ id, busyMs }) => [id, busyMs]));
  expect(busy()).toEqual({ s: undefined, stuck: 40_000, emits: undefined, end: undefined });
  one.stop("signal");
  await toEnd(ending, host);
});
