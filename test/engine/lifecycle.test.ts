import { expect, test } from "bun:test";
import { Timers } from "../../src/engine/timers.ts";
import { virtualClock } from "../support/clock.ts";
import {
  counters,
  drops,
  engine,
  macrotask,
  node,
  packets,
  run,
  sink,
  source,
  type TestNode,
  toEnd,
} from "../support/engine.ts";

const idle = (id = "s") =>
  source(id, async function* (signal: AbortSignal) {
    yield* packets(2);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  });

/** Notes in `trace` when it is created and closed. */
function traced(trace: string[], id: string, base: TestNode, close: () => void | Promise<void> = () => {}): TestNode {
  return {
    ...base,
    id,
    create(context) {
      trace.push(`create ${id}`);
      return Object.assign(base.create(context), {
        close() {
          trace.push(`close ${id}`);
          return close();
        },
      });
    },
  };
}

test("nodes are created and closed once, in declaration order", async () => {
  const trace: string[] = [];
  const graph = [
    traced(trace, "z", sink("z")),
    traced(trace, "a", node("a")),
    traced(trace, "s", source("s", packets(1))),
  ];
  await run(graph, ["s -> a", "a -> z"]);
  expect(trace).toEqual(["create z", "create a", "create s", "close z", "close a", "close s"]);
});

test("a create that throws names the node and closes those created before it", async () => {
  const trace: string[] = [];
  const bad = {
    ...node("bad"),
    create: () => {
      throw new Error("no model file");
    },
  };
  const graph = [traced(trace, "s", source("s", packets(1))), bad, traced(trace, "z", sink("z"))];
  const ended = await run(graph, ["s -> bad", "bad -> z"]);
  expect(trace).toEqual(["create s", "close s"]);
  expect(ended).toMatchObject({
    status: "error",
    state: "stopped",
    stopReason: "error",
    failure: 'cannot create node "bad" (bad): no model file',
  });
});

test("a create that returns nothing is told what it must return", async () => {
  const none = { ...node("none"), create: () => undefined as never };
  const ended = await run([source("s", packets(1)), none], ["s -> none"]);
  expect(ended.failure).toBe('cannot create node "none" (none): create returned no { process }');
});

test("a close that throws keeps no other node from closing", async () => {
  const trace: string[] = [];
  const fail = () => {
    throw new Error("disk full");
  };
  const graph = [
    traced(trace, "s", source("s", packets(1))),
    traced(trace, "a", node("a"), fail),
    traced(trace, "b", node("b"), async () => fail()),
    traced(trace, "z", sink("z")),
  ];
  const ended = await run(graph, ["s -> a", "a -> b", "b -> z"]);
  expect(trace.slice(4)).toEqual(["close s", "close a", "close b", "close z"]);
  expect(ended.status).toBe("degraded");
  expect(ended.nodes.map((one) => one.lastError?.message)).toEqual([
    undefined,
    "close failed: disk full",
    "close failed: disk full",
    undefined,
  ]);
});

test("a close that hangs is left after 5 s and the others close", async () => {
  const trace: string[] = [];
  const graph = [
    source("s", packets(1)),
    traced(trace, "a", node("a"), () => new Promise<void>(() => {})),
    traced(trace, "z", sink("z")),
  ];
  const ended = await run(graph, ["s -> a", "a -> z"]);
  expect(trace).toContain("close z");
  expect(ended).toMatchObject({ status: "degraded", uptimeMs: 5_000 });
  expect(ended.nodes[1]!.lastError!.message).toBe("close failed: not done after 5000 ms");
  expect(ended.host.clock.pending).toBe(0);
});

test("stop() ends the sources, drains what is queued and keeps the status ok", async () => {
  const end = sink("end");
  const { engine: one, host } = engine([idle(), end], ["s -> end"]);
  const ending = one.run();
  await macrotask();
  one.stop("signal");
  const ended = await toEnd(ending, host);
  expect(end.ids).toEqual(["p0", "p1"]);
  expect(ended).toMatchObject({ status: "ok", state: "stopped", stopReason: "signal", uptimeMs: 0 });
  expect(host.clock.pending).toBe(0);
});

test("stop() from within process ends the sources after this packet", async () => {
  for (const sources of [1, 3]) {
    const seen: string[] = [];
    const end = node(
      "end",
      (packet) => {
        seen.push(packet.packet_id);
        if (seen.length === 2) running.stop("stdout_closed");
      },
      { kind: "sink", outputs: [] },
    );
    const names = ["a", "b", "c"].slice(0, sources);
    const graph = [...names.map((name) => source(name, packets(9, name))), end];
    const { engine: running, host } = engine(
      graph,
      names.map((name) => `${name} -> end`),
    );
    const ended = await toEnd(running.run(), host);
    expect(seen).toHaveLength(2);
    expect(ended).toMatchObject({ status: "ok", stopReason: "stdout_closed" });
  }
});

test("stop() before the run begins runs nothing and closes what was created", async () => {
  const trace: string[] = [];
  const begun = source("s", () => {
    trace.push("run s");
    return packets(3);
  });
  const { engine: one, host } = engine([traced(trace, "s", begun), sink("end")], ["s -> end"]);
  one.stop("signal");
  const ended = await toEnd(one.run(), host);
  expect(ended).toMatchObject({ status: "ok", state: "stopped", stopReason: "signal" });
  expect(counters(ended, "s").produced).toBe(0);
  expect(trace).toEqual(["create s", "close s"]);
  expect(host.clock.pending).toBe(0);
});

test("stop() while nodes close changes neither the reason nor the time", async () => {
  const closing = node("z", () => {}, { kind: "sink", outputs: [], close: () => running.stop("signal") });
  const { engine: running, host } = engine([source("s", packets(1)), closing], ["s -> z"]);
  const ended = await toEnd(running.run(), host);
  expect(ended.stopReason).toBe("end_of_input");
  expect(host.clock.pending).toBe(0);
});

test("a second stop() does not restart the time to drain", async () => {
  const stuck = node("z", () => new Promise<void>(() => {}), { kind: "sink", outputs: [] });
  const { engine: one, host } = engine([source("s", packets(1)), stuck], ["s -> z"], { drainMs: 1_000 });
  const ending = one.run();
  await macrotask();
  one.stop("signal");
  host.clock.advance(900);
  one.stop("again");
  const ended = await toEnd(ending, host);
  expect(ended).toMatchObject({ stopReason: "signal", uptimeMs: 1_000 });
});

test("a drain that is cut counts each packet left behind at its node and edge", async () => {
  const stuck = node("z", () => new Promise<void>(() => {}), {
    kind: "sink",
    outputs: [],
    runtime: { inbox: { capacity: 4 } },
  });
  const { engine: one, host } = engine([source("s", packets(50)), node("a"), stuck], ["s -> a", "a -> z"], {
    drainMs: 1_000,
  });
  const ending = one.run();
  await macrotask();
  one.stop("signal");
  const ended = await toEnd(ending, host);
  const [a, z] = [counters(ended, "a"), counters(ended, "z")];
  expect(ended.status).toBe("degraded");
  expect(drops(ended.edges[1]!.counters.dropped)).toEqual({ drain_deadline: 4 });
  expect(drops(z.dropped)).toEqual({ drain_deadline: 5 });
  expect(a.produced).toBe(5);
  expect(counters(ended, "s").produced).toBe(a.consumed + (drops(a.dropped).drain_deadline ?? 0));
});

test("a source that gave up leaves a later cut of the drain its true name", async () => {
  const bad = source(
    "bad",
    () => {
      throw new Error("gone");
    },
    { runtime: { restart: { max_restarts: 0 } } },
  );
  const stuck = node("z", () => new Promise<void>(() => {}), { kind: "sink", outputs: [] });
  const { engine: one, host } = engine([bad, idle(), stuck], ["bad -> z", "s -> z"], { drainMs: 10 });
  const ending = one.run();
  await macrotask();
  one.stop("signal");
  const ended = await toEnd(ending, host);
  expect(ended).toMatchObject({ status: "error", stopReason: "signal" });
  expect(drops(counters(ended, "z").dropped)).toEqual({ drain_deadline: 2 });
});

test("metrics that throw or are no numbers are left out of the snapshot", async () => {
  const bad = node("bad", undefined, {
    metrics: () => {
      throw new Error("no metrics");
    },
  });
  const odd = node("odd", undefined, { metrics: () => ({ fine: 1, nan: Number.NaN, text: "x" as unknown as number }) });
  const ended = await run([source("s", packets(1)), bad, odd, sink("z")], ["s -> bad", "bad -> odd", "odd -> z"]);
  expect(ended.nodes.map((one) => one.own)).toEqual([{}, {}, { fine: 1 }, {}]);
});

test("a snapshot may be taken at any time and counts no wait twice", async () => {
  const { engine: one, host } = engine([source("s", packets(10)), node("a"), sink("z")], ["s -> a", "a -> z"]);
  one.snapshot();
  const ending = one.run();
  one.snapshot();
  const ended = await toEnd(ending, host);
  one.snapshot();
  expect(ended.edges.map((edge) => [edge.counters.passed, edge.counters.waitMs.count])).toEqual([
    [10, 10],
    [10, 10],
  ]);
});

test("a run leaves no timer and no rejection behind, however it ends", async () => {
  const graphs: [TestNode[], string[]][] = [
    [[source("s", packets(3)), sink("z")], ["s -> z"]],
    [[source("s", packets(3), { close: async () => {} }), sink("z")], ["s -> z"]],
    [
      [source("s", packets(3)), node("a", () => Promise.reject(new Error("x")), { runtime: { on_error: "retry" } })],
      ["s -> a"],
    ],
    [
      [source("s", packets(3)), node("a", () => Promise.reject(new Error("x")), { runtime: { on_error: "fail" } })],
      ["s -> a"],
    ],
  ];
  for (const [nodes, edges] of graphs) {
    const ended = await run(nodes, edges);
    expect(ended.host.clock.pending).toBe(0);
  }
});

test("a dead letter that cannot be kept fails the run", async () => {
  for (const fail of [
    () => Promise.reject(new Error("x")),
    () => {
      throw new Error("x");
    },
  ]) {
    const { engine: one, host } = engine([source("s", packets(1)), node("a", fail)], ["s -> a"]);
    host.onDeadLetter = () => {
      throw new Error("ENOSPC");
    };
    const ended = await toEnd(one.run(), host);
    expect(ended).toMatchObject({ status: "error", failure: 'cannot keep a dead letter of node "a": ENOSPC' });
  }
});

test("packets that found no room are counted when a drain is cut", async () => {
  const burst = node("burst", (_, emit) => {
    for (const one of packets(5)) emit.out!(one);
  });
  const stuck = node("z", () => new Promise<void>(() => {}), {
    kind: "sink",
    outputs: [],
    runtime: { inbox: { capacity: 2 } },
  });
  const heard: string[] = [];
  const one = source("s", packets(1), { ack: () => heard.push("ack"), nack: (_, reason) => heard.push(reason) });
  const { engine: running, host } = engine([one, burst, stuck], ["s -> burst", "burst -> z"], { drainMs: 10 });
  const ending = running.run();
  await macrotask();
  running.stop("signal");
  const ended = await toEnd(ending, host);
  expect(drops(ended.edges[1]!.counters.dropped)).toEqual({ drain_deadline: 4 });
  expect(drops(counters(ended, "z").dropped)).toEqual({ drain_deadline: 5 });
  expect(heard).toEqual(["drain_deadline"]);
});

test("a timer that has run is forgotten, the others are cancelled", () => {
  const clock = virtualClock();
  let cancelled = 0;
  const setTimer: typeof clock.setTimer = (run, delayMs) => {
    const cancel = clock.setTimer(run, delayMs);
    return () => {
      cancelled += 1;
      cancel();
    };
  };
  const timers = new Timers({ ...clock, setTimer });
  let ran = 0;
  for (const delayMs of [1, 2, 30, 40]) timers.after(delayMs, () => void ran++);
  clock.advance(10);
  timers.cancelAll();
  expect({ ran, cancelled, pending: clock.pending }).toEqual({ ran: 2, cancelled: 2, pending: 0 });
});
