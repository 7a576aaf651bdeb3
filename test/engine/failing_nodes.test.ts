import { expect, test } from "bun:test";
import type { Emit } from "../../src/node/index.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import { counters, drops, macrotask, node, packets, run, sink, source, type TestRuntime } from "../support/engine.ts";

const EDGES = ["s -> work", "work -> end"];
const boom = () => {
  throw new Error("boom");
};

/** Runs three packets through a node that fails on the second. */
async function withFailure(runtime: TestRuntime, fail: () => unknown = boom) {
  const end = sink("end");
  const work = node("work", (one, emit) => (one.payload === 1 ? (fail() as undefined) : emit.out!(one)), { runtime });
  const ended = await run([source("s", packets(3)), work, end], EDGES);
  return { ended, end, work: counters(ended, "work") };
}

test("on_error dead_letter sets the packet aside and goes on", async () => {
  const { ended, end } = await withFailure({ on_error: "dead_letter" });
  expect(end.ids).toEqual(["p0", "p2"]);
  expect(ended.status).toBe("degraded");
  expect(ended.deadLetters.recent).toEqual([
    {
      packet: packets(3)[1]!,
      node_id: "work",
      reason: "boom",
      attempts: 1,
      first_at: "2026-01-01T00:00:00.000Z",
      at: "2026-01-01T00:00:00.000Z",
      port: "in",
      stack: expect.stringContaining("boom"),
    },
  ]);
  expect(ended.host.letters).toEqual([...ended.deadLetters.recent]);
});

test("on_error drop counts the packet and goes on", async () => {
  const { ended, end, work } = await withFailure({ on_error: "drop" });
  expect(end.ids).toEqual(["p0", "p2"]);
  expect(drops(work.dropped)).toEqual({ on_error: 1 });
  expect(ended).toMatchObject({ status: "degraded", deadLetters: { total: 0 } });
});

test("on_error fail ends the run at once and says which node and why", async () => {
  const { ended, end } = await withFailure({ on_error: "fail" });
  expect(end.ids).toEqual(["p0"]);
  expect(ended).toMatchObject({ status: "error", stopReason: "error", failure: 'node "work" failed: boom' });
  expect(ended.deadLetters.total).toBe(1);
});

test("on_error fail leaves what is queued elsewhere unprocessed and counts it", async () => {
  const burst = node("burst", (_, emit) => {
    for (const one of packets(5)) emit.out!(one);
  });
  const ended = await run(
    [source("s", packets(1)), burst, node("work", boom, { runtime: { on_error: "fail" } })],
    ["s -> burst", "burst -> work"],
  );
  expect(counters(ended, "work")).toMatchObject({ consumed: 1, errors: 1 });
  expect(drops(counters(ended, "work").dropped)).toEqual({ run_failed: 4 });
});

test("on_error retry tries again after growing waits and then gives up", async () => {
  const startedMs: number[] = [];
  const work = node("work", undefined, {
    runtime: { on_error: "retry", max_retries: 3 },
    create: ({ clock }) => ({
      process() {
        startedMs.push(clock.monotonicMs());
        boom();
      },
    }),
  });
  const ended = await run([source("s", packets(1)), work, sink("end")], EDGES, {}, { stepMs: 1 });
  const waits = startedMs.slice(1).map((at, index) => at - startedMs[index]!);
  expect(waits).toHaveLength(3);
  for (const [attempt, waitMs] of waits.entries()) expect(waitMs).toBeLessThanOrEqual(100 * 2 ** attempt + 1);
  expect(counters(ended, "work")).toMatchObject({ consumed: 1, errors: 4, retries: 3, deadLetters: 1 });
  const [letter] = ended.deadLetters.recent;
  expect(letter).toMatchObject({ attempts: 4, first_at: "2026-01-01T00:00:00.000Z" });
  expect(Date.parse(letter!.at)).toBeGreaterThan(Date.parse(letter!.first_at));
});

test("a packet that waits for its retry keeps its place before later ones", async () => {
  let failed = false;
  const end = sink("end");
  const work = node(
    "work",
    (one, emit) => {
      if (one.payload === 1 && !failed) {
        failed = true;
        boom();
      }
      emit.out!(one);
    },
    { runtime: { on_error: "retry" } },
  );
  const ended = await run([source("s", packets(3)), work, end], EDGES);
  expect(end.ids).toEqual(["p0", "p1", "p2"]);
  expect(ended).toMatchObject({ status: "degraded", deadLetters: { total: 0 } });
});

test("every packet has its own attempts", async () => {
  const tries = new Map<string, number>();
  const end = sink("end");
  const work = node(
    "work",
    (one, emit) => {
      const tried = tries.get(one.packet_id) ?? 0;
      tries.set(one.packet_id, tried + 1);
      if (tried === 0) boom();
      emit.out!(one);
    },
    { runtime: { on_error: "retry", max_retries: 1 } },
  );
  await run([source("s", packets(4)), work, end], EDGES);
  expect(end.ids).toEqual(["p0", "p1", "p2", "p3"]);
});

test("a rejection is retried as well and its dead letter tells every attempt", async () => {
  const work = node("work", () => Promise.reject(new Error("503")), { runtime: { on_error: "retry", max_retries: 2 } });
  const ended = await run([source("s", packets(1)), work, sink("end")], EDGES);
  expect(ended.deadLetters.recent).toMatchObject([{ reason: "503", attempts: 3 }]);
});

test("what a node emitted before it threw has left", async () => {
  const end = sink("end");
  const work = node("work", (one, emit) => {
    emit.out!(one);
    boom();
  });
  const ended = await run([source("s", packets(2)), work, end], EDGES);
  expect(end.ids).toEqual(["p0", "p1"]);
  expect(ended.deadLetters.total).toBe(2);
});

const NONSENSE: [string, unknown, string][] = [
  ["an array", [], "process returned an array: return nothing, a promise or an iterator of packets"],
  ["null", null, "process returned null: return nothing, a promise or an iterator of packets"],
  ["a number", 5, "process returned number: return nothing, a promise or an iterator of packets"],
];

for (const [what, value, reason] of NONSENSE) {
  test(`a node that returns ${what} makes a dead letter that says what to return`, async () => {
    const work = node("work", () => value as undefined);
    const ended = await run([source("s", packets(1)), work, sink("end")], EDGES);
    expect(ended.deadLetters.recent).toMatchObject([{ reason }]);
  });
}

test("a retry that returns an array makes a dead letter that says what to return", async () => {
  let attempts = 0;
  const work = node("work", () => (attempts++ === 0 ? (boom() as undefined) : ([] as unknown as undefined)), {
    runtime: { on_error: "retry", max_retries: 1 },
  });
  const ended = await run([source("s", packets(1)), work, sink("end")], EDGES);
  expect(ended.deadLetters.recent[0]!.reason).toStartWith("process returned an array");
});

const NOT_PACKETS: [string, unknown, string][] = [
  ["undefined", undefined, "expected a packet object, got undefined"],
  ["a string", "p", "expected a packet object, got string"],
  ["an object without fields", {}, 'field "packet_id" must be a string, got undefined'],
  ["a packet without meta", { ...packets(1)[0], meta: null }, 'field "meta" must be a map'],
];

for (const [what, value, why] of NOT_PACKETS) {
  test(`a node that emits ${what} is told what a packet is`, async () => {
    const work = node("work", (_, emit) => emit.out!(value as StreamPacket));
    const end = sink("end");
    const ended = await run([source("s", packets(1)), work, end], EDGES);
    expect(end.ids).toEqual([]);
    expect(ended.deadLetters.recent[0]!.reason).toBe(
      `emit.out takes packets only, ${why}; make one with ctx.packet({ … })`,
    );
  });
}

test("an emit after process has returned is refused and counted", async () => {
  let late!: Emit<string>;
  const end = sink("end");
  const work = node("work", (_, emit) => {
    late = emit;
  });
  const ending = run([source("s", packets(1)), work, end], EDGES);
  await macrotask();
  late.out!(packets(1)[0]!);
  const ended = await ending;
  expect(end.ids).toEqual([]);
  expect(counters(ended, "work")).toMatchObject({ lateEmits: 1, produced: 0 });
});

test("an emit from close is refused and counted, and the run is degraded", async () => {
  let late!: Emit<string>;
  const end = sink("end");
  const work = node(
    "work",
    (_, emit) => {
      late = emit;
    },
    { close: () => late.out!(packets(1)[0]!) },
  );
  const ended = await run([source("s", packets(1)), work, end], EDGES);
  expect(end.ids).toEqual([]);
  expect(ended.status).toBe("degraded");
  expect(counters(ended, "work").lateEmits).toBe(1);
});

test("dead letters are bounded in memory and all are told to the host", async () => {
  const ended = await run([source("s", packets(3_000)), node("work", boom), sink("end")], EDGES);
  expect(ended.deadLetters.total).toBe(3_000);
  expect(ended.deadLetters.recent).toHaveLength(1_000);
  expect(ended.deadLetters.recent.at(-1)!.packet!.packet_id).toBe("p2999");
  expect(ended.host.letters).toHaveLength(3_000);
});

test("a node that throws what is no error is a dead letter as well", async () => {
  const { ended } = await withFailure({}, () => {
    throw "plain text";
  });
  expect(ended.deadLetters.recent[0]!.reason).toBe("plain text");
});

test("overflow fail ends the run and says what to change", async () => {
  const burst = node("burst", (_, emit) => {
    for (const one of packets(5)) emit.out!(one);
  });
  const end = sink("end", { inbox: { capacity: 2, overflow: "fail" } });
  const ended = await run([source("s", packets(1)), burst, end], ["s -> burst", "burst -> end"]);
  expect(ended).toMatchObject({
    status: "error",
    failure:
      'inbox "end.in" is full (capacity 2) and its overflow is "fail": slow the source down, raise capacity, or choose block or drop_oldest',
  });
  expect(drops(counters(ended, "end").dropped)).toEqual({ overflow_fail: 3, run_failed: 2 });
});
