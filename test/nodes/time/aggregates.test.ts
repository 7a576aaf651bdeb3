import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { seededRandom } from "../../../src/base/random.ts";
import { packetOf } from "./reference.ts";
import { startWindows } from "./streams.ts";

const TUMBLING = { type: "tumbling", size: 1_000_000, hop: 1_000_000, origin: 0 } as const;

/** The field that an aggregate makes of these values, which come in this order, one a millisecond. */
async function aggregated(config: Record<string, unknown>, values: readonly unknown[]) {
  const started = startWindows(TUMBLING, { aggregates: { it: { of: "value", ...config } } });
  for (const [t, value] of values.entries()) await started.process(packetOf({ t, key: "a", value }));
  started.advance();
  return started.on("out")[0]!.payload as { it: unknown; count: number; skipped?: number; approximate?: string[] };
}

const numbers = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 60 });
const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
const mean = (values: readonly number[]) => total(values) / values.length;

/** As numpy's percentile: on the line between the two values around the rank. */
function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = (p / 100) * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(rank)]!, sorted[Math.ceil(rank)]!];
  return low + (high - low) * (rank - Math.floor(rank));
}

function deviation(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const middle = mean(values);
  return Math.sqrt(total(values.map((value) => (value - middle) ** 2)) / (values.length - 1));
}

const REFERENCE: Record<string, (values: readonly number[]) => unknown> = {
  count: (values) => values.length,
  sum: total,
  mean,
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
  stddev: deviation,
  first: (values) => values[0],
  last: (values) => values.at(-1),
  distinct: (values) => new Set(values.map((value) => JSON.stringify(value))).size,
  collect: (values) => values,
};

describe("an aggregate gives what adding up by hand gives:", () => {
  for (const [fn, reference] of Object.entries(REFERENCE)) {
    test(fn, async () => {
      await fc.assert(
        fc.asyncProperty(numbers, async (values) => {
          const { it, count } = await aggregated({ fn }, values);
          expect(count).toBe(values.length);
          const expected = reference(values);
          if (typeof expected !== "number") expect(it).toEqual(expected as never);
          else expect(Math.abs((it as number) - expected)).toBeLessThanOrEqual(1e-5 + Math.abs(expected) * 1e-9);
        }),
      );
    });
  }

  test("percentile", async () => {
    await fc.assert(
      fc.asyncProperty(numbers, fc.integer({ min: 0, max: 100 }), async (values, p) => {
        const { it, approximate } = await aggregated({ fn: "percentile", p }, values);
        expect(approximate).toBeUndefined();
        const expected = percentile(values, p);
        expect(Math.abs((it as number) - expected)).toBeLessThanOrEqual(1e-5 + Math.abs(expected) * 1e-9);
      }),
    );
  });
});

/** How far the share `q` lies outside of the ranks that `it` has among the values. */
function rankError(values: readonly number[], it: number, q: number): number {
  const below = values.filter((value) => value < it).length / values.length;
  const upTo = values.filter((value) => value <= it).length / values.length;
  return Math.max(0, below - q, q - upTo);
}

const SPREADS: Record<string, (chance: () => number, at: number) => number> = {
  even: (chance) => chance(),
  "heavy-tailed": (chance) => Math.exp(12 * chance()),
  "of few values": (chance) => Math.floor(chance() * 10),
  rising: (_chance, at) => at ** 1.5,
  falling: (_chance, at) => -at,
};

for (const [spread, valueAt] of Object.entries(SPREADS)) {
  test(`a percentile of many values, ${spread}, is of a rank that is off by less than 1 %, and says that it is not exact`, async () => {
    const random = seededRandom(7);
    const values = Array.from({ length: 20_000 }, (_, at) => valueAt(() => random.float(), at));
    for (const p of [0, 0.1, 1, 10, 50, 75, 99, 99.9, 100]) {
      const { it, approximate } = await aggregated({ fn: "percentile", p, exact: 100 }, values);
      expect(approximate).toEqual(["it"]);
      expect(rankError(values, it as number, p / 100)).toBeLessThan(p < 1 || p > 99 ? 0.001 : 0.01);
    }
  });
}

test("sum and mean lose nothing to rounding that matters", async () => {
  expect((await aggregated({ fn: "sum" }, Array(10).fill(0.1))).it).toBe(1);
  expect((await aggregated({ fn: "sum" }, [1e16, 1, -1e16])).it).toBe(1);
  expect((await aggregated({ fn: "mean" }, [1e16, 4, -1e16, 0])).it).toBe(1);
});

test("stddev of values far from zero is that of their differences", async () => {
  expect((await aggregated({ fn: "stddev" }, [1e9 + 1, 1e9 + 2, 1e9 + 3])).it).toBe(1);
});

test.each([
  ["sum", 0],
  ["mean", null],
  ["min", null],
  ["max", null],
  ["stddev", null],
  ["first", null],
  ["last", null],
  ["distinct", 0],
  ["collect", []],
  ["count", 0],
])("%s without any value is %j, and the packets are counted all the same", async (fn, expected) => {
  expect(await aggregated({ fn }, [Number.NaN, undefined, null])).toMatchObject({ it: expected, count: 3, skipped: 3 });
});

test.each([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["text", "7"],
  ["true", true],
  ["a list", [7]],
  ["nothing", undefined],
])("%s where a number belongs is left out and counted", async (_what, value) => {
  expect(await aggregated({ fn: "mean" }, [1, value, 3])).toMatchObject({ it: 2, count: 3, skipped: 1 });
});

test("a sum beyond what a number holds is null, not Infinity", async () => {
  expect((await aggregated({ fn: "sum" }, [1e308, 1e308])).it).toBeNull();
});

test("distinct tells 7 from the text 7 and stops at its bound, saying so", async () => {
  expect(await aggregated({ fn: "distinct" }, [7, "7", 7, { a: 1 }, { a: 1 }])).toMatchObject({ it: 3 });
  const cut = await aggregated({ fn: "distinct", max_items: 2 }, [1, 2, 1, 3, 4]);
  expect([cut.it, cut.approximate]).toEqual([2, ["it"]]);
  expect((await aggregated({ fn: "distinct", max_items: 2 }, [1, 2, 1])).approximate).toBeUndefined();
});

test("collect keeps as many as its bound allows, and says that there were more", async () => {
  const cut = await aggregated({ fn: "collect", max_items: 2 }, ["a", "b", "c"]);
  expect([cut.it, cut.approximate]).toEqual([["a", "b"], ["it"]]);
});

test("first, last and collect go by event time, not by arrival", async () => {
  const started = startWindows(TUMBLING, {
    aggregates: Object.fromEntries(["first", "last", "collect"].map((fn) => [`${fn}_`, { fn, of: "value" }])),
  });
  for (const t of [5, 9, 1, 7]) await started.process(packetOf({ t, key: "a", value: t }));
  started.advance();
  expect(started.on("out")[0]!.payload).toMatchObject({ first_: 1, last_: 9, collect_: [1, 5, 7, 9] });
});

test("an expression sees the fields before it, and one that fails gives null and is counted", async () => {
  const started = startWindows(TUMBLING, {
    aggregates: {
      low: { fn: "min", of: { cel: "payload.value * 2" } },
      high: { fn: "max", of: "value" },
      per: { fn: "expression", cel: "payload.high / double(payload.count)" },
      none: { fn: "expression", cel: "payload.nothing" },
    },
  });
  for (const value of [3, 4]) await started.process(packetOf({ t: value, key: "a", value }));
  started.advance();
  expect(started.on("out")[0]!.payload).toMatchObject({ low: 6, high: 4, per: 2, none: null });
  expect(started.node.metrics!().expressions_failed_total).toBe(1);
});
