import { expect, test } from "bun:test";
import { deadband } from "../../../src/nodes/flow/deadband.ts";
import { packet, startNode } from "../../support/node.ts";

const reading = (value: unknown, fields = {}) => packet({ payload: { v: value }, ...fields });
const passed = async (config: Record<string, unknown>, values: readonly unknown[]) => {
  const { process, on } = startNode(deadband, { value: "payload.v", ...config });
  for (const value of values) await process(reading(value));
  return on("out").map(({ payload }) => (payload as { v: unknown }).v);
};

test("deadband compares with the last that passed, so drift gets through, and exactly the bound does not", async () => {
  expect(await passed({ change: 1 }, [0, 0.5, 1, 1.25, 2.25, 2.5])).toEqual([0, 1.25, 2.5]);
});

test("deadband takes a part of the last value, and with both the larger bound", async () => {
  expect(await passed({ percent: 10 }, [100, 109, 111, 100.5, -50])).toEqual([100, 111, -50]);
  expect(await passed({ percent: 10, change: 20 }, [100, 115, 121, 500, 545, 551])).toEqual([100, 121, 500, 551]);
});

test("deadband passes on any change of any value without a bound", async () => {
  expect(await passed({}, [null, null, [1], [1], "1", 1, { a: 1 }, { a: 1 }])).toEqual([null, [1], "1", 1, { a: 1 }]);
});

test.each([["text"], [null], [Number.NaN], [Number.POSITIVE_INFINITY]])(
  "deadband refuses %p where numbers are compared",
  async (value) => {
    const { process } = startNode(deadband, { value: "payload.v", change: 1 });
    await expect(process(reading(value))).rejects.toThrow("must give a finite number");
  },
);

test("deadband passes after max_silence of event time, changed or not", async () => {
  const { process, on } = startNode(deadband, { value: "payload.v", max_silence: "1m" });
  for (const second of ["00", "30", "59"]) await process(reading(1, { ts: `2026-01-01T00:00:${second}Z` }));
  await process(reading(1, { ts: "2026-01-01T00:01:00Z" }));
  expect(on("out").map(({ ts }) => ts)).toEqual(["2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"]);
});

test("deadband forgets the key that passed longest ago, counts it, and goes on after a restart", async () => {
  const first = startNode(deadband, { value: "payload.v", max_keys: 2 });
  for (const source of ["a", "b", "c", "b"]) await first.process(reading(1, { source_id: source }));
  expect(first.node.metrics!()).toEqual({ keys: 2, unchanged_total: 1, keys_forgotten_total: 1 });
  const second = startNode(deadband, { value: "payload.v", max_keys: 2 });
  second.node.restore!(structuredClone(first.node.snapshot!()));
  for (const source of ["b", "c", "a"]) await second.process(reading(1, { source_id: source }));
  expect(second.on("out").map(({ source_id }) => source_id)).toEqual(["a"]);
});
