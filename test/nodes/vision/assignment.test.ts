import { expect, test } from "bun:test";
import fc from "fast-check";
import { bestPairs } from "../../../src/nodes/vision/assignment.ts";

const pairs = (table: readonly (readonly number[])[], least = 0.2) =>
  bestPairs(table.length, table[0]?.length ?? 0, least, (left, right) => table[left]![right]!);

/** What pairs have above the bound, and the most that any pairs can have, found by trying all. */
const gain = (table: readonly (readonly number[])[], chosen: readonly [number, number][], least: number) =>
  chosen.reduce((sum, [left, right]) => sum + table[left]![right]! - least, 0);

function mostGain(table: readonly (readonly number[])[], least: number, row = 0, used = 0): number {
  if (row === table.length) return 0;
  let most = mostGain(table, least, row + 1, used);
  for (const [column, value] of table[row]!.entries()) {
    if (used & (1 << column) || value < least) continue;
    most = Math.max(most, value - least + mostGain(table, least, row + 1, used | (1 << column)));
  }
  return most;
}

test("bestPairs takes the pairs that are best together, not the best pair first", () => {
  expect(
    pairs([
      [0.9, 0.8],
      [0.85, 0.1],
    ]),
  ).toEqual([
    [0, 1],
    [1, 0],
  ]);
});

test("bestPairs makes no pair below the bound, and one that is exactly at it", () => {
  expect(pairs([[0.19]])).toEqual([]);
  expect(pairs([[0.2]])).toEqual([[0, 0]]);
  expect(
    pairs([
      [0.2, 0.1],
      [0.1, 0.2],
    ]),
  ).toEqual([
    [0, 0],
    [1, 1],
  ]);
});

test("bestPairs finds nothing where there is nothing", () => {
  expect([
    pairs([]),
    pairs([[], []]),
    pairs([
      [0, 0],
      [0, 0],
    ]),
  ]).toEqual([[], [], []]);
});

test("bestPairs is as good as trying everything", () => {
  const tables = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 })).chain(([rows, columns]) =>
    fc.array(
      fc.array(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true })), {
        minLength: columns,
        maxLength: columns,
      }),
      { minLength: rows, maxLength: rows },
    ),
  );
  fc.assert(
    fc.property(tables, fc.constantFrom(0.1, 0.2, 0.5), (table, least) => {
      const chosen = pairs(table, least);
      expect(new Set(chosen.map(([left]) => left)).size).toBe(chosen.length);
      expect(new Set(chosen.map(([, right]) => right)).size).toBe(chosen.length);
      for (const [left, right] of chosen) expect(table[left]![right]).toBeGreaterThanOrEqual(least);
      expect(gain(table, chosen, least)).toBeCloseTo(mostGain(table, least), 6);
    }),
    { numRuns: 500 },
  );
});
