import { expect, test } from "bun:test";
import { counters, engine, macrotask, node, packets, sink, source, toEnd } from "../support/engine.ts";

test("a source that never pauses starves neither the event loop nor an async source", async () => {
  const end = sink("end");
  const { engine: one, host } = engine(
    [
      source("greedy", function* () {
        for (;;) {
          host.clock.advance(0.01);
          yield packets(1, "g")[0]!;
        }
      }),
      source("modest", async function* () {
        for (const packet of packets(5, "m")) {
          await macrotask();
          yield packet;
        }
        one.stop("modest is done");
      }),
      end,
    ],
    ["greedy -> end", "modest -> end"],
  );
  const ended = await one.run();
  expect(counters(ended, "modest").produced).toBe(5);
  expect(host.yields).toBeGreaterThan(4);
});

test("a turn ends after 8 ms, so timers fall due in time", async () => {
  const { engine: one, host } = engine(
    [
      source("s", function* () {
        for (;;) {
          host.clock.advance(0.1);
          yield packets(1)[0]!;
        }
      }),
      sink("end"),
    ],
    ["s -> end"],
  );
  host.clock.setTimer(() => one.stop("late enough"), 500);
  const ended = await one.run();
  // At 0.1 ms a packet, and up to 256 steps between two looks at the clock once they were fast.
  expect(ended.loop.maxTurnMs).toBeLessThan(8 + 256 * 0.1);
  expect(ended.loop.turns).toBeGreaterThan(500 / 40);
});

test("a graph that turns slow all of a sudden is back at short turns after one long one", async () => {
  const long: number[] = [];
  const { engine: one, host } = engine(
    [
      source("s", function* () {
        yield* packets(5_000);
        yield* packets(500, "slow");
      }),
      node("work", (packet) => {
        if (packet.source_id === "slow") host.clock.advance(50);
      }),
    ],
    ["s -> work"],
  );
  let beforeMs = 0;
  host.yieldToLoop = () => {
    const nowMs = host.clock.monotonicMs();
    if (nowMs - beforeMs > 100) long.push(nowMs - beforeMs);
    beforeMs = nowMs;
    return macrotask();
  };
  await one.run();
  expect(long.length).toBeLessThanOrEqual(1);
});

test("an async source whose promises settle at once leaves room for timers and signals", async () => {
  const { engine: one, host } = engine(
    [
      source("s", async function* () {
        for (;;) {
          host.clock.advance(0.1);
          yield packets(1)[0]!;
        }
      }),
      sink("end"),
    ],
    ["s -> end"],
  );
  let rescued = false;
  setImmediate(() => {
    rescued = true;
    one.stop("macrotask");
  });
  host.clock.setTimer(() => one.stop("starved"), 60_000);
  const ended = await one.run();
  expect(rescued).toBe(true);
  expect(ended.stopReason).toBe("macrotask");
});

test("a node that waits for a full inbox lets its neighbours work", async () => {
  let release!: () => void;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const free = sink("free");
  const jammed = node("jammed", () => gate, { kind: "sink", outputs: [], runtime: { inbox: { capacity: 1 } } });
  const graph = [source("a", packets(10, "a")), source("b", packets(10, "b")), jammed, free];
  const { engine: one, host } = engine(graph, ["a -> jammed", "b -> free"]);
  const ending = one.run();
  await macrotask();
  expect(free.ids).toHaveLength(10);
  release();
  const ended = await toEnd(ending, host);
  expect(counters(ended, "jammed").consumed).toBe(10);
});

test("every packet is a beat for the watchdog, also between two looks at the clock", async () => {
  const heart = new Int32Array(2);
  const beats: number[] = [];
  const end = node("end", () => void beats.push(heart[0]!), { kind: "sink", outputs: [] });
  const { engine: one } = engine([source("s", packets(1_000)), node("a"), end], ["s -> a", "a -> end"], { heart });
  await one.run();
  expect(new Set(beats).size).toBe(1_000);
});

test("between events no node is named to the watchdog, also after a retry", async () => {
  const heart = new Int32Array(2);
  let tries = 0;
  const seen: number[] = [];
  const work = node(
    "work",
    () => {
      if (tries++ === 0) throw new Error("again");
      queueMicrotask(() => seen.push(heart[1]!));
    },
    { runtime: { on_error: "retry" } },
  );
  const { engine: one, host } = engine([source("s", packets(1)), work], ["s -> work"], { heart });
  await toEnd(one.run(), host);
  expect(seen).toEqual([-1]);
});

test("a node that takes its inputs as declared leaves a later one waiting while an earlier one holds anything", async () => {
  const order = async (inputOrder: "as_declared" | "in_turn" | undefined) => {
    const seen: string[] = [];
    const slow = node("slow", undefined, { inputs: ["urgent", "rest"], outputs: [] });
    const { engine: one } = engine(
      [
        source("s", packets(3, "urgent")),
        source("r", packets(3, "rest")),
        {
          ...slow,
          kind: "sink",
          create: () => ({
            ...(inputOrder && { inputOrder }),
            async process({ packet_id }) {
              seen.push(packet_id);
              await macrotask();
            },
          }),
        },
      ],
      ["r -> slow.rest", "s -> slow.urgent"],
    );
    await one.run();
    return seen.map((id) => id.replace(/\W?\d+$/, ""));
  };
  expect(await order("as_declared")).toEqual(["urgent", "urgent", "urgent", "rest", "rest", "rest"]);
  // The first is handed on before anything waits.
  expect(await order(undefined)).toEqual(["urgent", "urgent", "rest", "urgent", "rest", "rest"]);
  expect(await order("in_turn")).toEqual(await order(undefined));
});
