import { expect, test } from "bun:test";
import { packetBudget, type ThrottlePolicy, timeBudget } from "../../src/engine/index.ts";
import { counters, engine, packets, run, sink, source, toEnd } from "../support/engine.ts";

const three = () => [source("a", packets(3, "a")), source("b", packets(3, "b")), source("c", packets(3, "c"))];
const EDGES = ["a -> end", "b -> end", "c -> end"];

test("a packet budget counts the packets of all sources together", async () => {
  const end = sink("end");
  const ended = await run([...three(), end], EDGES, { throttles: [packetBudget(4)] });
  expect(end.ids).toEqual(["a0", "b0", "c0", "a1"]);
  expect(ended).toMatchObject({ status: "ok", stopReason: "max_packets" });
});

test("a packet budget of 0 sends nothing and the run is fine", async () => {
  let pulled = 0;
  function* counted() {
    pulled += 1;
    yield* packets(3);
  }
  const end = sink("end");
  const ended = await run([source("s", counted), end], ["s -> end"], { throttles: [packetBudget(0)] });
  expect(end.ids).toEqual([]);
  expect(pulled).toBe(0);
  expect(ended).toMatchObject({ status: "ok", stopReason: "max_packets" });
});

test("a packet budget larger than the input changes nothing", async () => {
  const end = sink("end");
  const ended = await run([...three(), end], EDGES, { throttles: [packetBudget(100)] });
  expect(end.ids).toHaveLength(9);
  expect(ended.stopReason).toBe("end_of_input");
});

test("a packet budget is the same for arrays of packets", async () => {
  const end = sink("end");
  const lists = source("s", () => [packets(5, "x"), packets(5, "y")]);
  await run([lists, end], ["s -> end"], { throttles: [packetBudget(7)] });
  expect(end.ids).toEqual(["x0", "x1", "x2", "x3", "x4", "y0", "y1"]);
});

test("a time budget ends a source that never pauses", async () => {
  const { engine: one, host } = engine([endless(), sink("end")], ["s -> end"], { throttles: [timeBudget(1)] });
  function endless() {
    return source("s", function* () {
      for (;;) {
        host.clock.advance(0.1);
        yield packets(1)[0]!;
      }
    });
  }
  const ended = await one.run();
  expect(ended.stopReason).toBe("max_seconds");
  // At most 256 packets of 0.1 ms go between two looks at the clock.
  expect(counters(ended, "s").produced).toBeLessThan(10_000 + 512);
});

test("a time budget ends a run whose sources bring nothing", async () => {
  const idle = source("s", async function* (signal: AbortSignal) {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  });
  const { engine: one, host } = engine([idle, sink("end")], ["s -> end"], { throttles: [timeBudget(2)] });
  const ended = await toEnd(one.run(), host);
  expect(ended).toMatchObject({ stopReason: "max_seconds", status: "ok", uptimeMs: 2_000 });
  expect(host.clock.pending).toBe(0);
});

test("a policy of one's own is asked when its grant is used up and names the stop", async () => {
  const asked: number[] = [];
  const grants = [2, 3, 0];
  const policy: ThrottlePolicy = {
    name: "tokens",
    grant(emitted) {
      asked.push(emitted);
      return grants.shift()!;
    },
  };
  const ended = await run([source("s", packets(10)), sink("end")], ["s -> end"], { throttles: [policy] });
  expect(asked).toEqual([0, 2, 5]);
  expect(ended.stopReason).toBe("tokens");
});

test("a grant with a fraction is used up, too", async () => {
  const grants = [1.5, 0.5, 0];
  const policy: ThrottlePolicy = { name: "tokens", grant: () => grants.shift()! };
  const end = sink("end");
  await run([source("s", packets(10)), end], ["s -> end"], { throttles: [policy] });
  expect(end.ids).toEqual(["p0", "p1", "p2"]);
});

test("of several policies the tightest decides", async () => {
  for (const budgets of [
    [5, 2],
    [2, 5],
  ]) {
    const end = sink("end");
    await run([...three(), end], EDGES, { throttles: budgets.map(packetBudget) });
    expect(end.ids).toEqual(["a0", "b0"]);
  }
});
