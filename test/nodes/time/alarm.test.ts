import { expect, test } from "bun:test";
import fc from "fast-check";
import { alarm } from "../../../src/nodes/time/alarm.ts";
import { issuePaths } from "../../conformance/check.ts";
import { packet, startNode } from "../../support/node.ts";
import { said } from "./streams.ts";

const HOT = { value: "v", on: { above: 30 }, off: { below: 25 } };
const reading = (second: number, v: unknown, source_id = "a") =>
  packet({ ts: new Date(second * 1_000).toISOString(), source_id, payload: { v } });

async function changes(config: Record<string, unknown>, readings: readonly (readonly [number, unknown])[]) {
  const started = startNode(alarm, config);
  for (const [second, v] of readings) await started.process(reading(second, v));
  return started.on("out").map(({ ts, payload }) => [Date.parse(ts) / 1_000, (payload as { state: string }).state]);
}

test("an alarm tells a change once, and nothing between the thresholds or at them", async () => {
  const readings = [20, 30, 31, 35, 26, 31, 25, 24, 30].map((v, second) => [second, v] as const);
  expect(await changes(HOT, readings)).toEqual([
    [2, "on"],
    [7, "off"],
  ]);
});

test("an alarm for what is too low is the same upside down", async () => {
  const readings = [20, 4, 6, 8].map((v, second) => [second, v] as const);
  expect(await changes({ value: "v", on: { below: 5 }, off: { above: 7 } }, readings)).toEqual([
    [1, "on"],
    [3, "off"],
  ]);
});

test("a value must ask for the change all the time it is to hold, by the times of the packets", async () => {
  const config = { value: "v", on: { above: 30, hold: "10s" }, off: { below: 25, hold: "5s" } };
  const readings = [
    [0, 31],
    [9, 31],
    [9.5, 29],
    [10, 31],
    [20, 31],
    [21, 20],
    [60, 20],
  ] as const;
  expect(await changes(config, readings)).toEqual([
    [20, "on"],
    [60, "off"],
  ]);
});

test("keys have alarms of their own", async () => {
  const started = startNode(alarm, HOT);
  for (const [second, key] of ["a", "b", "a"].entries()) await started.process(reading(second, 31, key));
  expect(started.on("out").map(({ source_id }) => source_id)).toEqual(["a", "b"]);
});

test("a packet older than one before it leaves by late and changes nothing; an equal time is not older", async () => {
  const started = startNode(alarm, HOT);
  for (const [second, v] of [
    [5, 20],
    [4, 99],
    [5, 31],
  ] as const)
    await started.process(reading(second, v));
  expect(started.on("late")).toEqual([reading(4, 99)]);
  expect(started.on("out").length).toBe(1);
});

test.each([Number.NaN, "31", null, undefined])("a packet with %p for a number leaves by invalid", async (v) => {
  const started = startNode(alarm, HOT);
  await started.process(reading(0, v));
  expect(started.emitted.map(({ port }) => port)).toEqual(["invalid"]);
});

test("the key that was silent longest is forgotten, and begins again with off", async () => {
  const started = startNode(alarm, { ...HOT, max_keys: 1 });
  for (const [second, key] of ["a", "b", "a"].entries()) await started.process(reading(second, 31, key));
  expect(started.on("out").length).toBe(3);
  expect(started.node.metrics!()).toMatchObject({ sources: 1, sources_forgotten_total: 2 });
});

test("a restored alarm goes on as the one that was not interrupted", async () => {
  const readings = fc.array(fc.tuple(fc.integer({ min: 20, max: 35 }), fc.constantFrom("a", "b")), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(readings, fc.nat(40), async (given, cut) => {
      const config = { value: "v", on: { above: 30, hold: "2s" }, off: { below: 25 } };
      const packets = given.map(([v, key], second) => reading(second, v, key));
      const whole = startNode(alarm, config);
      for (const one of packets.slice(0, cut)) await whole.process(one);
      const before = whole.emitted.length;
      const restored = startNode(alarm, config);
      restored.node.restore!(structuredClone(whole.node.snapshot!()));
      for (const started of [whole, restored]) for (const one of packets.slice(cut)) await started.process(one);
      expect(said(restored.on("out"))).toEqual(said(whole.on("out").slice(before)));
    }),
  );
});

test.each<[string, Record<string, unknown>, readonly string[]]>([
  ["a threshold with two sides", { ...HOT, on: { above: 1, below: 2 } }, ["on"]],
  ["a threshold without a side", { ...HOT, off: {} }, ["off"]],
  ["two thresholds of the same side", { ...HOT, off: { above: 1 } }, ["off"]],
  ["an end above the beginning", { ...HOT, off: { below: 31 } }, ["off"]],
  ["an end below the beginning of a low alarm", { value: "v", on: { below: 5 }, off: { above: 4 } }, ["off"]],
  ["a value that is no CEL", { ...HOT, value: { cel: "(" } }, ["value", "cel"]],
])("validation refuses %s", (_what, config, path) => {
  expect(issuePaths(alarm, config)).toContainEqual(path);
});
