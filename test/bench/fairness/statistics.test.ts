import { expect, test } from "bun:test";
import { bootstrapInterval, cliffsDelta, holm, mannWhitney, percentile } from "./statistics.ts";

test("percentiles lie on the line between two ranks", () => {
  expect([0, 50, 95, 100].map((percent) => percentile([4, 1, 3, 2], percent))).toEqual([1, 2.5, 3.85, 4]);
});

test("Mann–Whitney gives the U and p of the textbook example", () => {
  // The ages at which males and females were diagnosed, as in SciPy's documentation: U = 17, p = 0.11134688653.
  const { u, p } = mannWhitney([19, 22, 16, 29, 24], [20, 11, 17, 12]);
  expect(u).toBe(17);
  expect(p).toBeCloseTo(0.11134688653, 6);
});

test("Mann–Whitney counts ties half, and says nothing where all is alike", () => {
  const { u, p } = mannWhitney([1, 2, 2, 3], [2, 3, 3, 4]);
  expect(u).toBe(3);
  // By hand: ties 3 and 3, variance 16/12 · (9 − 48/56), z = (8 − 3 − 0.5) / σ = 1.3663.
  expect(p).toBeCloseTo(0.17186, 3);
  expect(mannWhitney([1, 1, 1], [1, 1, 1])).toEqual({ u: 4.5, p: 1 });
});

test("Holm multiplies the least p most, and none comes out of order", () => {
  expect(holm([0.04, 0.01, 0.03])).toEqual([0.06, 0.03, 0.06]);
  expect(holm([0.9, 0.8])).toEqual([1, 1]);
});

test("Cliff's delta is 1 where every value is above, and has the usual words", () => {
  expect(cliffsDelta([5, 6], [1, 2])).toEqual({ delta: 1, effect: "large" });
  expect(cliffsDelta([1, 2, 3], [1, 2, 3])).toEqual({ delta: 0, effect: "none" });
  expect(cliffsDelta([1, 2, 3, 4], [1, 2, 2, 4])).toEqual({ delta: 0.125, effect: "none" });
});

test("the bootstrap interval is around the mean, and the same each time", () => {
  const values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  const [low, high] = bootstrapInterval(values);
  expect(low).toBeGreaterThan(3);
  expect(low).toBeLessThan(5.5);
  expect(high).toBeGreaterThan(5.5);
  expect(high).toBeLessThan(8);
  expect(bootstrapInterval(values)).toEqual([low, high]);
});
