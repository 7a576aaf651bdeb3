import { describe, expect, test } from "bun:test";
import { slope, spreadOf, upperBound95 } from "../../src/drill/statistics.ts";

describe("spreadOf()", () => {
  test("gives values that were measured, by nearest rank", () => {
    const hundred = Array.from({ length: 100 }, (_, at) => 100 - at);
    expect(spreadOf(hundred)).toEqual({ count: 100, p50: 50, p99: 99, max: 100 });
    expect(spreadOf([7])).toEqual({ count: 1, p50: 7, p99: 7, max: 7 });
    expect(spreadOf([3, 1])).toEqual({ count: 2, p50: 1, p99: 3, max: 3 });
  });

  test("is nothing for an empty series", () => expect(spreadOf([])).toBeUndefined());
});

describe("upperBound95()", () => {
  test("is three in n without a loss", () => {
    expect(upperBound95(0, 30_000)).toBe(0.0001);
    expect(upperBound95(0, 2)).toBe(1);
    expect(upperBound95(0, 0)).toBe(1);
  });

  // Exact bounds of the Poisson distribution: the rate at which so few or fewer are seen once in 20 times.
  test.each([
    [1, 4.744],
    [2, 6.296],
    [5, 10.513],
    [20, 29.062],
  ])("is within 2 % of the exact bound after %p losses", (lost, exact) => {
    expect(Math.abs(upperBound95(lost, 100_000) * 100_000 - exact) / exact).toBeLessThan(0.02);
  });
});

describe("slope()", () => {
  test("is that of a line with noise around it", () => {
    expect(
      slope([
        [0, 1],
        [1, 3],
        [2, 5],
      ]),
    ).toBe(2);
    expect(
      slope([
        [0, 1],
        [1, -1],
        [2, 1],
        [3, -1],
      ]),
    ).toBeCloseTo(-0.4);
  });

  test("is 0 where there is none", () => {
    expect(slope([])).toBe(0);
    expect(
      slope([
        [1, 5],
        [1, 7],
      ]),
    ).toBe(0);
  });
});
