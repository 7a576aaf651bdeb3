import { expect, test } from "bun:test";
import type { SourceInstance } from "../../src/node/index.ts";
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

const NEVER: TestRuntime = { restart: { max_restarts: 0 } };
const bang = () => {
  throw new Error("camera unplugged");
};

const FAULTS: Record<string, SourceInstance["run"]> = {
  "throws in run": bang,
  "throws before its first packet": function* () {
    bang();
    yield packets(1)[0]!;
  },
  "rejects before its first packet": async function* () {
    bang();
    yield packets(1)[0]!;
  },
  "has a next that rejects": () => ({
    [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error("camera unplugged")) }),
  }),
};

for (const [title, run_] of Object.entries(FAULTS)) {
  test(`a source that ${title} fails the run and others go on`, async () => {
    const end = sink("end");
    const graph = [source("bad", run_, { runtime: NEVER }), source("good", packets(3)), end];
    const ended = await run(graph, ["bad -> end", "good -> end"]);
    expect(ended).toMatchObject({ status: "error", failure: 'source "bad" failed: camera unplugged' });
    expect(end.ids).toEqual(["p0", "p1", "p2"]);
  });
}

test("a source that throws midway has sent what it had", async () => {
  const end = sink("end");
  function* midway() {
    yield packets(2);
    bang();
  }
  const ended = await run([source("s", midway, { runtime: NEVER }), end], ["s -> end"]);
  expect(end.ids).toEqual(["p0", "p1"]);
  expect(ended.status).toBe("error");
});

test("a source whose run returns nothing to iterate over is told so", async () => {
  const none = source("s", (() => undefined) as unknown as SourceInstance["run"], { runtime: NEVER });
  const ended = await run([none, sink("end")], ["s -> end"]);
  expect(ended.failure).toBe('source "s" failed: run returned undefined: return an iterable of packets');
});

test("a source that yields no packet has it set aside as a record and goes on", async () => {
  const nonsense = [null, 5, Object.create(null), packets(1)[0]!] as StreamPacket[];
  const end = sink("end");
  const ended = await run([source("s", nonsense), end], ["s -> end"]);
  expect(end.ids).toEqual(["p0"]);
  expect(ended.status).toBe("degraded");
  expect(ended.deadLetters.recent.map(({ record, reason }) => ({ record, reason })).slice(0, 2)).toEqual([
    { record: null, reason: "run yielded no packet: expected a packet object, got null" },
    { record: 5, reason: "run yielded no packet: expected a packet object, got number" },
  ]);
  expect(counters(ended, "s")).toMatchObject({ produced: 1, deadLetters: 3 });
});

test("a source that fails starts again and goes on where its run begins", async () => {
  let runs = 0;
  function* flaky() {
    runs += 1;
    yield packets(1, `run${runs}.`)[0]!;
    if (runs < 3) bang();
  }
  const end = sink("end");
  const ended = await run([source("s", flaky), end], ["s -> end"]);
  expect(end.ids).toEqual(["run1.0", "run2.0", "run3.0"]);
  expect(ended.status).toBe("degraded");
  expect(counters(ended, "s")).toMatchObject({ restarts: 2, errors: 2 });
});

test("restarts wait with full jitter between 0 and a doubling bound", async () => {
  const startedMs: number[] = [];
  const { engine: one, host } = engine(
    [
      source(
        "s",
        () => {
          startedMs.push(host.clock.monotonicMs());
          return bang();
        },
        { runtime: { restart: { max_restarts: 6, window_sec: 3_600, backoff_ms: 100, backoff_max_ms: 1_000 } } },
      ),
    ],
    [],
  );
  const ended = await toEnd(one.run(), host, 1);
  const waits = startedMs.slice(1).map((at, index) => at - startedMs[index]!);
  expect(waits).toHaveLength(6);
  for (const [attempt, waitMs] of waits.entries()) {
    expect(waitMs).toBeLessThanOrEqual(Math.min(1_000, 100 * 2 ** attempt) + 1);
  }
  expect(new Set(waits).size).toBeGreaterThan(3);
  expect(ended.status).toBe("error");
  expect(host.clock.pending).toBe(0);
});

test("restarts older than the window do not count", async () => {
  let runs = 0;
  const { engine: one, host } = engine(
    [
      source(
        "s",
        async function* () {
          runs += 1;
          if (runs === 20) return;
          await new Promise<void>((resolve) => void host.clock.setTimer(resolve, 5_000));
          yield packets(1)[0]!;
          bang();
        },
        { runtime: { restart: { max_restarts: 3, window_sec: 10, backoff_ms: 1, backoff_max_ms: 1 } } },
      ),
      sink("end"),
    ],
    ["s -> end"],
  );
  const ended = await toEnd(one.run(), host, 100);
  expect(ended.status).toBe("degraded");
  expect(counters(ended, "s").restarts).toBe(19);
});

test("a failure while the run drains starts nothing again", async () => {
  const { engine: one, host } = engine(
    [
      source("s", async function* (signal: AbortSignal) {
        yield packets(1)[0]!;
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        bang();
      }),
      sink("end"),
    ],
    ["s -> end"],
  );
  const ending = one.run();
  await macrotask();
  one.stop("signal");
  const ended = await toEnd(ending, host);
  expect(counters(ended, "s").restarts).toBe(0);
  expect(ended).toMatchObject({ status: "ok", stopReason: "signal" });
});

test("a source whose clean-up throws keeps the run from nothing and is noted", async () => {
  const { engine: one, host } = engine(
    [
      source("s", function* () {
        try {
          for (;;) {
            host.clock.advance(1);
            yield packets(1)[0]!;
          }
        } finally {
          bang();
        }
      }),
      sink("end"),
    ],
    ["s -> end"],
    { throttles: [{ name: "enough", grant: (emitted) => 5 - emitted }] },
  );
  const ended = await toEnd(one.run(), host);
  expect(ended).toMatchObject({ status: "degraded", stopReason: "enough" });
  expect(ended.nodes[0]!.lastError!.message).toBe("camera unplugged");
});

test("a source whose clean-up throws while the run fails is not started again", async () => {
  const endless = source("s", function* () {
    try {
      for (;;) yield packets(1)[0]!;
    } finally {
      bang();
    }
  });
  const work = node("work", bang, { runtime: { on_error: "fail" } });
  const ended = await run([endless, work], ["s -> work"]);
  expect(counters(ended, "s")).toMatchObject({ restarts: 0, errors: 1 });
});

test("a source that gives up leaves the turns of the others as they were", async () => {
  for (const offset of [1, 2, 3, 4]) {
    const end = sink("end");
    const { engine: one, host } = engine(
      [
        source("bad", () => ({ [Symbol.asyncIterator]: () => ({ next: () => macrotask().then(bang) }) }), {
          runtime: NEVER,
        }),
        source("b", paced("b", offset)),
        source("c", paced("c", 1)),
        end,
      ],
      ["bad -> end", "b -> end", "c -> end"],
    );
    function* paced(name: string, firstMs: number) {
      for (const [at, packet] of packets(20, name).entries()) {
        host.clock.advance(at === 0 ? firstMs : 1);
        yield packet;
      }
    }
    await toEnd(one.run(), host);
    expect(end.ids).toEqual(packets(20, "").flatMap((packet) => [`b${packet.packet_id}`, `c${packet.packet_id}`]));
  }
});

test("a source of nothing but empty arrays comes to its end", async () => {
  function* empties() {
    for (let at = 0; at < 100_000; at++) yield [];
    yield packets(1);
  }
  const end = sink("end");
  const ended = await run([source("s", empties), end], ["s -> end"]);
  expect(ended.status).toBe("ok");
  expect(end.ids).toEqual(["p0"]);
});

test("a source may yield arrays, packets and promises of either", async () => {
  async function* mixed() {
    yield packets(2, "a");
    yield packets(1, "b")[0]!;
    await macrotask();
    yield packets(2, "c");
  }
  const end = sink("end");
  await run([source("s", mixed), end], ["s -> end"]);
  expect(end.ids).toEqual(["a0", "a1", "b0", "c0", "c1"]);
});
