import { expect, test } from "bun:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expectedWindows, iso } from "./reference.ts";
import { feed, MAX_DELAY, readings, said, shapes, shuffled, startWindows } from "./streams.ts";

const COUNT_AND_VALUES = { aggregates: { values: { fn: "collect", of: "value" }, sum: { fn: "sum", of: "value" } } };

test("window_aggregate finds the windows that looking at everything finds, and gives them in that order", async () => {
  await fc.assert(
    fc.asyncProperty(readings(), shapes, async (given, shape) => {
      const started = startWindows(shape, COUNT_AND_VALUES);
      await feed(started, given);
      started.advance();
      const results = started.on("out").map(({ ts, payload }) => ({ ts, ...(payload as object) }));
      expect(results).toEqual(
        expectedWindows(given, shape).map(({ key, start, end, values }) => ({
          ts: iso(end),
          key,
          window: { start: iso(start), end: iso(end) },
          count: values.length,
          values,
          sum: values.reduce<number>((sum, value) => sum + (value as number), 0),
          final: true,
          firing: 1,
        })),
      );
      expect(started.node.metrics!()).toMatchObject({ keys: 0, windows: 0, late_total: 0 });
    }),
    { numRuns: 300 },
  );
});

test("window_aggregate gives the same for packets out of order within the delay as for packets in order", async () => {
  await fc.assert(
    fc.asyncProperty(
      readings().chain((given) => fc.tuple(fc.constant(given), shuffled(given))),
      shapes,
      async ([given, mixed], shape) => {
        const [inOrder, outOfOrder] = [startWindows(shape, COUNT_AND_VALUES), startWindows(shape, COUNT_AND_VALUES)];
        await feed(inOrder, given);
        await feed(outOfOrder, mixed);
        for (const started of [inOrder, outOfOrder]) started.advance();
        expect(said(outOfOrder.on("out"))).toEqual(said(inOrder.on("out")));
        expect(outOfOrder.on("late")).toEqual([]);
      },
    ),
    { numRuns: 300 },
  );
});

test("window_aggregate gives every result a key of its own, the same in each run", async () => {
  await fc.assert(
    fc.asyncProperty(readings(), shapes, async (given, shape) => {
      const started = startWindows(shape, { allowed_lateness: "20ms", early: early(shape.type) });
      await feed(started, given);
      started.advance();
      const keys = started.on("out").map(({ meta }) => meta.idempotency_key);
      expect(new Set(keys).size).toBe(keys.length);
    }),
  );
});

test("the last result of a window has everything that came within the allowed lateness", async () => {
  await fc.assert(
    fc.asyncProperty(
      readings().chain((given) => fc.tuple(fc.constant(given), shuffled(given, 3 * MAX_DELAY))),
      shapes,
      async ([given, mixed], shape) => {
        const started = startWindows(shape, { ...COUNT_AND_VALUES, allowed_lateness: `${2 * MAX_DELAY}ms` });
        await feed(started, mixed);
        started.advance();
        expect(started.on("late")).toEqual([]);
        const last = new Map<string, unknown>();
        for (const { payload } of started.on("out")) {
          const { key, window, values } = payload as {
            key: string;
            window: { start: string; end: string };
            values: [];
          };
          last.set(`${key} ${window.start} ${window.end}`, values);
        }
        for (const { key, start, end, values } of expectedWindows(given, shape)) {
          expect(last.get(`${key} ${iso(start)} ${iso(end)}`)).toEqual(values);
        }
      },
    ),
    { numRuns: 300 },
  );
});

const early = (type: string) => (type === "sliding" ? undefined : { every: "7ms" });

const FNS = {
  count: { fn: "count", of: "value" },
  sum: { fn: "sum", of: "value" },
  mean: { fn: "mean", of: "value" },
  min: { fn: "min", of: "value" },
  max: { fn: "max", of: "value" },
  stddev: { fn: "stddev", of: "value" },
  median: { fn: "percentile", of: "value", p: 50 },
  p90: { fn: "percentile", of: "value", p: 90, exact: 3 },
  first: { fn: "first", of: "value" },
  last: { fn: "last", of: "value" },
  distinct: { fn: "distinct", of: "value" },
  collect: { fn: "collect", of: "value" },
  spread: { fn: "expression", cel: "payload.max - payload.min" },
};
const ALL = Object.fromEntries(Object.entries(FNS).map(([name, one]) => [`${name}_`, one]));
const ALL_FNS = {
  ...ALL,
  spread_: { fn: "expression", cel: "payload.max_ - payload.min_" },
};

const lateness = fc.constantFrom("0.6ms", "15ms", "60ms");

test("a restored window_aggregate goes on as the one that was not interrupted", async () => {
  await fc.assert(
    fc.asyncProperty(
      readings(fc.oneof(fc.double({ noNaN: false }), fc.constantFrom("x", null, 7))).chain((given) =>
        // Three times the delay: some are late within the allowed time, and some beyond it.
        fc.tuple(shuffled(given, 3 * MAX_DELAY), fc.nat(given.length)),
      ),
      shapes,
      lateness,
      async ([given, cut], shape, allowed_lateness) => {
        const config = { aggregates: ALL_FNS, allowed_lateness, early: early(shape.type) };
        const whole = startWindows(shape, config);
        const highest = await feed(whole, given.slice(0, cut));
        const state = structuredClone(whole.node.snapshot!());
        const before = whole.emitted.length;
        const restored = startWindows(shape, config);
        restored.node.restore!(structuredClone(state));
        for (const started of [whole, restored]) {
          await feed(started, given.slice(cut), highest);
          started.advance();
        }
        expect(said(restored.emitted.map(({ packet }) => packet))).toEqual(
          said(whole.emitted.slice(before).map(({ packet }) => packet)),
        );
        // Not toEqual, for which two columns with NaN differ.
        expect(isDeepStrictEqual(restored.node.snapshot!(), whole.node.snapshot!())).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

test("a snapshot does not change when the node goes on", async () => {
  await fc.assert(
    fc.asyncProperty(readings(), shapes, async (given, shape) => {
      const started = startWindows(shape, { aggregates: ALL_FNS });
      const half = given.length >> 1;
      const highest = await feed(started, given.slice(0, half));
      const state = started.node.snapshot!();
      const then = structuredClone(state);
      await feed(started, given.slice(half), highest);
      started.advance();
      expect(isDeepStrictEqual(state, then)).toBe(true);
    }),
  );
});
