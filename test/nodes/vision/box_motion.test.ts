import { expect, test } from "bun:test";
import { seededRandom } from "../../../src/base/random.ts";
import { BoxMotion } from "../../../src/nodes/vision/box_motion.ts";

type Matrix = number[][];

const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, column) => row.reduce((sum, value, at) => sum + value * b[at]![column]!, 0)));
const plus = (a: Matrix, b: Matrix, factor = 1): Matrix =>
  a.map((row, y) => row.map((value, x) => value + factor * b[y]![x]!));
const transposed = (a: Matrix): Matrix => a[0]!.map((_, x) => a.map((row) => row[x]!));
const diagonal = (values: readonly number[]): Matrix =>
  values.map((value, y) => values.map((_, x) => (x === y ? value : 0)));

/** Gauss-Jordan; enough for the positive matrices here. */
function inverse(a: Matrix): Matrix {
  const rows = a.map((row, y) => [...row, ...diagonal(a.map(() => 1))[y]!]);
  for (const [at, pivot] of rows.entries()) {
    const scale = pivot[at]!;
    for (let x = 0; x < pivot.length; x++) pivot[x]! /= scale;
    for (const [y, row] of rows.entries()) {
      const factor = row[at]!;
      if (y !== at) for (let x = 0; x < row.length; x++) row[x]! -= factor * pivot[x]!;
    }
  }
  return rows.map((row) => row.slice(a.length));
}

const squares = (deviations: readonly number[]) => diagonal(deviations.map((value) => value ** 2));

/** ByteTrack's filter as it is published: eight numbers, whole matrices, one frame a step. */
function published(start: readonly number[]) {
  const h = start[3]!;
  let mean: Matrix = [...start, 0, 0, 0, 0].map((value) => [value]);
  let cov = squares([h / 10, h / 10, 1e-2, h / 10, h / 16, h / 16, 1e-5, h / 16]);
  const move = diagonal(Array(8).fill(1));
  for (let at = 0; at < 4; at++) move[at]![at + 4] = 1;
  const look = diagonal(Array(8).fill(1)).slice(0, 4);
  return {
    predict() {
      const height = mean[3]![0]!;
      const [p, v] = [height / 20, height / 160];
      mean = product(move, mean);
      cov = plus(product(product(move, cov), transposed(move)), squares([p, p, 1e-2, p, v, v, 1e-5, v]));
    },
    update(seen: readonly number[]) {
      const p = mean[3]![0]! / 20;
      const spread = plus(product(product(look, cov), transposed(look)), squares([p, p, 1e-1, p]));
      const gain = product(product(cov, transposed(look)), inverse(spread));
      mean = plus(
        mean,
        product(
          gain,
          plus(
            seen.map((value) => [value]),
            product(look, mean),
            -1,
          ),
        ),
      );
      cov = plus(cov, product(product(gain, spread), transposed(gain)), -1);
    },
    shape: () => mean.slice(0, 4).map(([value]) => value!),
  };
}

const boxOf = ([x, y, aspect, height]: readonly number[]) => ({
  x1: x! - (aspect! * height!) / 2,
  y1: y! - height! / 2,
  x2: x! + (aspect! * height!) / 2,
  y2: y! + height! / 2,
});

test("BoxMotion gives the numbers of the published filter at one step a frame", () => {
  const random = seededRandom(7);
  const shape = [100, 200, 0.4, 100];
  const [ours, theirs] = [new BoxMotion(boxOf(shape)), published(shape)];
  for (let frame = 1; frame <= 50; frame++) {
    ours.predict(1, false);
    theirs.predict();
    const noise = () => random.float() - 0.5;
    const seen = [100 + 5 * frame + 4 * noise(), 200 - 2 * frame + 4 * noise(), 0.4 + 0.1 * noise(), 100 + 4 * noise()];
    if (frame % 7 !== 0) {
      ours.update(boxOf(seen));
      theirs.update(seen);
    }
    const [actual, expected] = [ours.box(), boxOf(theirs.shape())];
    for (const corner of ["x1", "y1", "x2", "y2"] as const) expect(actual[corner]).toBeCloseTo(expected[corner], 6);
  }
});

test("BoxMotion looks as far ahead as time has passed", () => {
  const motion = new BoxMotion({ x1: 0, y1: 0, x2: 40, y2: 100 });
  for (let step = 1; step <= 60; step++) {
    motion.predict(1, false);
    motion.update({ x1: 3 * step, y1: 0, x2: 40 + 3 * step, y2: 100 });
  }
  motion.predict(10, true);
  expect(motion.box().x1).toBeCloseTo(210, 0);
});

test("BoxMotion stays finite for a box without area", () => {
  const motion = new BoxMotion({ x1: 5, y1: 5, x2: 5, y2: 5 });
  for (let step = 0; step < 1_000; step++) {
    motion.predict(30, false);
    motion.update({ x1: 5, y1: 5, x2: 5, y2: 5 });
  }
  expect(Object.values(motion.box()).every(Number.isFinite)).toBe(true);
});
