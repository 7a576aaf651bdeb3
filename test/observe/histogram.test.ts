import { expect, test } from "bun:test";
import fc from "fast-check";
import { Histogram } from "../../src/observe/index.ts";

function histogram(...values: number[]) {
  const result = new Histogram();
  for (const value of values) result.record(value);
  return result;
}

test("Histogram.percentile() is within 2 % of the true value from 1 µs to 1 h", () => {
  const durations = fc.array(fc.double({ min: 0.001, max: 3_600_000, noNaN: true }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(durations, fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
      const sorted = [...values].sort((a, b) => a - b);
      const exact = sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1]!;
      expect(Math.abs(histogram(...values).percentile(q) - exact) / exact).toBeLessThan(0.02);
    }),
  );
});

test("Histogram grows to the bucket of every duration", () => {
  for (let ms = 0.001; ms < 3_600_000; ms *= 2 ** (1 / 64)) {
    const grown = histogram(0, ms);
    const found = grown.percentile(1);
    expect(grown.countsBelow([7_200_000])).toEqual([2]);
    expect(found).toBeLessThanOrEqual(ms);
    expect(found).toBeGreaterThan(ms * 0.98);
  }
});

test("Histogram.max is exact, also beyond an hour", () => {
  const long = histogram(3.25, 7_200_000.5);
  expect(long.max).toBe(7_200_000.5);
  expect(long.percentile(1)).toBeWithin(3_500_000, 3_700_000);
});

test("Histogram.recordMany() counts like that many single records", () => {
  const many = new Histogram();
  many.recordMany(4, 3);
  many.recordMany(100, 1);
  expect([many.count, many.sum, many.percentile(0.75)]).toEqual([4, 112, histogram(4, 4, 4, 100).percentile(0.75)]);
});

test("Histogram.merge() gives what recording both would have given", () => {
  const merged = histogram(0.01, 5);
  merged.merge(histogram(900, 60_000));
  const together = histogram(0.01, 5, 900, 60_000);
  expect([merged.count, merged.sum, merged.max]).toEqual([together.count, together.sum, together.max]);
  expect(merged.percentile(0.75)).toBe(together.percentile(0.75));
});

test("Histogram.percentile() is NaN while nothing was recorded", () => {
  expect(new Histogram().percentile(0.5)).toBeNaN();
});

test("Histogram counts zero, a clock step back and NaN as zero", () => {
  const odd = histogram(0, -5, Number.NaN);
  expect([odd.count, odd.sum, odd.max, odd.percentile(1)]).toEqual([3, 0, 0, 0]);
});

test("Histogram.countsBelow() is cumulative and splits exactly at powers of two", () => {
  expect(histogram(0.5, 0.99, 1, 3.9, 4, 5_000).countsBelow([1, 4, 1_024])).toEqual([2, 4, 5]);
});

test("Histogram records a hundred million values in steady memory", () => {
  const big = new Histogram();
  for (let ms = 0.001; ms < 3_600_000; ms *= 1.5) big.recordMany(ms, 5_000_000);
  expect(big.count).toBe(5_000_000 * Math.ceil(Math.log(3_600_000 / 0.001) / Math.log(1.5)));
});
