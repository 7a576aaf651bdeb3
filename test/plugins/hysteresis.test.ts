import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { Hysteresis } from "../../plugins/hysteresis.ts";
import { packet, startNode } from "../support/node.ts";

const reading = (celsius: unknown, source_id = "yard") => packet({ kind: "sensor", source_id, payload: { celsius } });

async function run(config: Record<string, unknown>, packets: readonly ReturnType<typeof packet>[]) {
  const started = startNode(Hysteresis, { field: "celsius", above: 30, ...config });
  for (const item of packets) await started.process(item);
  const states = started
    .on("crossings")
    .map(({ source_id, payload }) => [source_id, (payload as { state: string }).state]);
  return { ...started, states };
}

describe("hysteresis", () => {
  test("speaks once when the number goes up and once when it comes down", async () => {
    const { states } = await run(
      {},
      [29, 31, 35, 29, 28].map((celsius) => reading(celsius)),
    );
    expect(states).toEqual([
      ["yard", "high"],
      ["yard", "low"],
    ]);
  });

  test("stays quiet while the number trembles between below and above", async () => {
    const { states } = await run(
      { below: 28 },
      [31, 29, 31, 28, 30, 27].map((celsius) => reading(celsius)),
    );
    expect(states).toEqual([
      ["yard", "high"],
      ["yard", "low"],
    ]);
  });

  test("says nothing at exactly the threshold, in either direction", async () => {
    const { states } = await run(
      {},
      [30, 31, 30].map((celsius) => reading(celsius)),
    );
    expect(states).toEqual([["yard", "high"]]);
  });

  test("keeps a state for each source", async () => {
    const { states, node } = await run({}, [reading(31, "a"), reading(31, "b"), reading(1, "a")]);
    expect(states).toEqual([
      ["a", "high"],
      ["b", "high"],
      ["a", "low"],
    ]);
    expect(node.metrics!()).toEqual({ crossings_total: 3, high_sources: 1 });
  });

  test("reads a number deep in the payload and keeps time, source and meta", async () => {
    const { on } = await run({ field: "wind.speed" }, [packet({ payload: { wind: { speed: 31 } }, meta: { a: 1 } })]);
    expect(on("crossings")).toMatchObject([
      { kind: "event", source_id: "test", meta: { a: 1 }, payload: { value: 31 } },
    ]);
  });

  for (const payload of [null, 5, "text", [], {}, { celsius: "31" }, { celsius: Number.NaN }, { celsius: null }]) {
    test(`sends a payload of ${JSON.stringify(payload)} to invalid`, async () => {
      const { on } = await run({}, [packet({ payload })]);
      expect([on("invalid").length, on("crossings").length]).toEqual([1, 0]);
    });
  }

  test("forgets the source that went high longest ago when there are too many", async () => {
    const packets = [reading(31, "a"), reading(31, "b"), reading(31, "c"), reading(31, "a")];
    const { states } = await run({ max_sources: 2 }, packets);
    expect(states).toEqual([
      ["a", "high"],
      ["b", "high"],
      ["c", "high"],
      ["a", "high"],
    ]);
  });

  test("goes on from a snapshot as if it had never stopped", async () => {
    const { node } = await run({}, [reading(31)]);
    const later = startNode(Hysteresis, { field: "celsius", above: 30 });
    later.node.restore!(JSON.parse(JSON.stringify(node.snapshot!())));
    await later.process(reading(32));
    await later.process(reading(1));
    expect(later.on("crossings")).toMatchObject([{ payload: { state: "low" } }]);
  });

  test("refuses a lower threshold above the upper one", () => {
    expect(v.safeParse(Hysteresis.config, { field: "x", above: 1, below: 2 }).success).toBe(false);
  });
});
