import { expect, test } from "bun:test";
import fc from "fast-check";
import { Candidates } from "../../src/inference/post/candidates.ts";
import { MAX_COMPARED, overlap, suppress } from "../../src/inference/post/nms.ts";

type Row = readonly [x1: number, y1: number, x2: number, y2: number, score: number, classId: number];

function candidates(rows: readonly Row[]): Candidates {
  const boxes = new Candidates();
  for (const row of rows) boxes.add(...row);
  return boxes;
}

const ALL = { iou: 0.45, agnostic: false, max_detections: 100 };

test("overlap is intersection over union", () => {
  // 50 of 150.
  const boxes = candidates([
    [0, 0, 10, 10, 1, 0],
    [5, 0, 15, 10, 1, 0],
    [20, 0, 30, 10, 1, 0],
  ]);
  expect(overlap(boxes, 0, 1)).toBeCloseTo(1 / 3, 9);
  expect(overlap(boxes, 0, 2)).toBe(0);
});

test("an overlap of exactly iou drops the weaker box, a hair less keeps it", () => {
  const boxes = candidates([
    [0, 0, 10, 10, 0.5, 0],
    [5, 0, 15, 10, 0.9, 0],
  ]);
  const exact = overlap(boxes, 0, 1);
  expect(suppress(boxes, { ...ALL, iou: exact })).toEqual([1]);
  expect(suppress(boxes, { ...ALL, iou: exact + 1e-12 })).toEqual([1, 0]);
});

test("a box that was dropped drops none", () => {
  const chain: Row[] = [
    [0, 0, 10, 10, 0.9, 0],
    [4, 0, 14, 10, 0.8, 0],
    [8, 0, 18, 10, 0.7, 0],
  ];
  expect(suppress(candidates(chain), { ...ALL, iou: 0.4 })).toEqual([0, 2]);
});

test("boxes of other classes stay, unless it is agnostic", () => {
  const boxes = candidates([
    [0, 0, 10, 10, 0.9, 0],
    [0, 0, 10, 10, 0.8, 1],
  ]);
  expect(suppress(boxes, ALL)).toEqual([0, 1]);
  expect(suppress(boxes, { ...ALL, agnostic: true })).toEqual([0]);
});

test("the overlap of vanishing boxes vanishes: 1e-9 is added to the union", () => {
  expect(overlap(candidates([[0, 0, 1e-4, 1e-5, 1, 0]]), 0, 0)).toBeCloseTo(0.5, 5);
});

test("two empty boxes in one place do not divide by zero", () => {
  expect(
    suppress(
      candidates([
        [5, 5, 5, 5, 0.9, 0],
        [5, 5, 5, 5, 0.8, 0],
      ]),
      ALL,
    ),
  ).toEqual([0, 1]);
});

test("none gives none, and equal scores keep their order", () => {
  expect(suppress(candidates([]), ALL)).toEqual([]);
  const equal = Array.from({ length: 600 }, (_, i): Row => [i * 20, 0, i * 20 + 10, 10, 0.5, 0]);
  expect(suppress(candidates(equal), { ...ALL, max_detections: 600 })).toEqual(equal.map((_, i) => i));
});

test("of 100,000 candidates the surest are taken, at most max_detections, and no more than the bound compared", () => {
  const many = candidates(
    Array.from({ length: 100_000 }, (_, i): Row => [i * 20, 0, i * 20 + 10, 10, ((i * 7919) % 100_000) / 100_000, 0]),
  );
  const kept = suppress(many, { ...ALL, max_detections: 300 });
  expect(kept).toHaveLength(300);
  expect(kept.map((i) => Math.round(many.score[i]! * 100_000))).toEqual(
    Array.from({ length: 300 }, (_, i) => 99_999 - i),
  );
  expect(suppress(many, { ...ALL, max_detections: 100_000 })).toHaveLength(MAX_COMPARED);
});

/** The definition, as slowly as it can be said. */
function reference(rows: readonly Row[], iou: number, agnostic: boolean): number[] {
  const boxes = candidates(rows);
  let left = rows.map((_, i) => i).sort((a, b) => boxes.score[b]! - boxes.score[a]! || a - b);
  const kept: number[] = [];
  while (left.length > 0) {
    const [best, ...others] = left as [number, ...number[]];
    kept.push(best);
    left = others.filter((i) => (!agnostic && rows[i]![5] !== rows[best]![5]) || overlap(boxes, best, i) < iou);
  }
  return kept;
}

test("suppress() keeps what the definition of greedy suppression keeps", () => {
  const at = fc.integer({ min: 0, max: 60 });
  const side = fc.integer({ min: 0, max: 40 });
  const row = fc
    .tuple(at, at, side, side, fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 2 }))
    .map(([x, y, w, h, score, id]): Row => [x, y, x + w, y + h, score / 20, id]);
  fc.assert(
    fc.property(
      fc.array(row, { maxLength: 40 }),
      fc.double({ min: 0.05, max: 1, noNaN: true }),
      fc.boolean(),
      (rows, iou, agnostic) => {
        const kept = suppress(candidates(rows), { iou, agnostic, max_detections: 1_000 });
        expect(kept).toEqual(reference(rows, iou, agnostic));
      },
    ),
  );
});
