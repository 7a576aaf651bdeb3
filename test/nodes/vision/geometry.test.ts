import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Boundary, contains, type Point } from "../../../src/nodes/vision/geometry.ts";

const points = (...pairs: [number, number][]): Point[] => pairs.map(([x, y]) => ({ x, y }));

const SQUARE = points([0, 0], [10, 0], [10, 10], [0, 10]);
const DIAMOND = points([5, 0], [10, 5], [5, 10], [0, 5]);
/** A flat triangle in normalised coordinates: its edges span far less than 1 in y. */
const SMALL = points([0.1, 0.2], [0.9, 0.2], [0.5, 0.1]);
/** Concave, like a U. */
const NOTCHED = points([0, 0], [10, 0], [10, 10], [6, 10], [6, 4], [4, 4], [4, 10], [0, 10]);

const at = (polygon: Point[], x: number, y: number, boundary: Boundary = "fixed") =>
  contains(polygon, { x, y }, boundary);

test.each([
  [5, 5, true],
  [-1, 5, false],
  [11, 5, false],
  [5, -1, false],
  [5, 11, false],
])("contains() tells inside from outside of a square at %d,%d", (x, y, expected) => {
  expect(at(SQUARE, x, y)).toBe(expected);
  expect(at(SQUARE, x, y, "legacy")).toBe(expected);
});

test("contains() counts every edge and corner of a square as inside, in both ways", () => {
  for (const boundary of ["fixed", "legacy"] as const) {
    for (const corner of SQUARE) expect(contains(SQUARE, corner, boundary)).toBe(true);
    for (const [x, y] of [
      [5, 0],
      [10, 5],
      [5, 10],
      [0, 5],
    ] as const)
      expect(at(SQUARE, x, y, boundary)).toBe(true);
  }
});

test("contains() leaves the gap of a notched polygon outside", () => {
  expect(at(NOTCHED, 5, 8)).toBe(false);
  expect(at(NOTCHED, 5, 4)).toBe(true);
  expect(at(NOTCHED, 2, 8)).toBe(true);
});

test("contains() puts a vertex that is the lowest in the picture inside; legacy left it out", () => {
  expect(at(DIAMOND, 5, 10)).toBe(true);
  expect(at(DIAMOND, 5, 10, "legacy")).toBe(false);
});

test("contains() puts points of slanted edges in normalised coordinates inside; legacy missed them", () => {
  const middles = points([0.3, 0.15], [0.7, 0.15]);
  expect(middles.map((middle) => contains(SMALL, middle, "fixed"))).toEqual([true, true]);
  expect(middles.map((middle) => contains(SMALL, middle, "legacy"))).toEqual([false, false]);
});

test("contains() finds nothing in fewer than three points", () => {
  expect(at(points([0, 0], [10, 0]), 5, 0)).toBe(false);
});

test("contains() copes with a vertex that is written twice", () => {
  expect(at([...SQUARE, SQUARE[0]!], 5, 5)).toBe(true);
  expect(at([...SQUARE, SQUARE[0]!], 11, 5)).toBe(false);
});

test("contains() finds every point between two corners of a convex polygon inside", () => {
  const corner = fc.integer({ min: 0, max: 7 });
  const ring = Array.from({ length: 8 }, (_, k) => ({
    x: 500 + 300 * Math.cos((k * Math.PI) / 4),
    y: 400 + 200 * Math.sin((k * Math.PI) / 4),
  }));
  fc.assert(
    fc.property(corner, corner, fc.double({ min: 0, max: 1, noNaN: true }), (a, b, part) => {
      const [from, to] = [ring[a]!, ring[b]!];
      return contains(ring, { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }, "fixed");
    }),
  );
});

test("contains() gives both ways the same answer away from the boundary", () => {
  const coordinate = fc.integer({ min: -20, max: 30 }).map((n) => n + 0.37);
  fc.assert(fc.property(coordinate, coordinate, (x, y) => at(NOTCHED, x, y) === at(NOTCHED, x, y, "legacy")));
});
