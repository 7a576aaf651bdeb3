import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Bgr, Canvas, textWidth } from "../../src/media/canvas.ts";

const RED: Bgr = [0, 0, 255];

function setup(width: number, height: number) {
  const data = new Uint8Array(width * height * 3);
  /** `#` where something was drawn. */
  const shown = () =>
    Array.from({ length: height }, (_, y) =>
      Array.from({ length: width }, (_, x) => (data[(y * width + x) * 3 + 2]! > 0 ? "#" : ".")).join(""),
    );
  return { canvas: new Canvas(data, width, height), data, shown };
}

test("outline() draws inwards, and its middle stays", () => {
  const { canvas, shown } = setup(7, 5);
  canvas.outline(1, 0, 6, 4, RED, 1);
  expect(shown()).toEqual([".#####.", ".#...#.", ".#...#.", ".#####.", "......."]);
});

test("text() is legible, and as wide as textWidth() says", () => {
  const { canvas, shown } = setup(12, 7);
  canvas.text("iE", 0, 0, RED, 1);
  expect(shown().map((row) => row.slice(0, 11))).toEqual([
    "..#...#####",
    "......#....",
    ".##...#....",
    "..#...####.",
    "..#...#....",
    "..#...#....",
    ".###..#####",
  ]);
  expect(textWidth("iE", 1)).toBe(12);
});

test("a letter that the font does not have is an empty box", () => {
  const { canvas, shown } = setup(5, 7);
  canvas.text("현", 0, 0, RED, 1);
  expect(shown()).toEqual(["#####", "#...#", "#...#", "#...#", "#...#", "#...#", "#####"]);
});

test("line() goes from corner to corner, also when its ends lie far outside", () => {
  const { canvas, shown } = setup(3, 3);
  canvas.line({ x: -1e9, y: -1e9 }, { x: 1e9, y: 1e9 }, RED, 1);
  expect(shown().map((row, at) => row[at])).toEqual(["#", "#", "#"]);
});

test("fill() mixes with what was there", () => {
  const { canvas, data } = setup(1, 1);
  data.set([200, 100, 0]);
  canvas.fill(0, 0, 1, 1, [0, 100, 200], 0.5);
  expect([...data]).toEqual([100, 100, 100]);
});

test("fill() covers the pixels of its box that are in the picture, and no others", () => {
  const place = fc.oneof(fc.integer({ min: -20, max: 20 }), fc.double({ min: -1e9, max: 1e9, noNaN: true }));
  const size = fc.double({ min: 0, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(place, place, size, size, (x, y, width, height) => {
      const { canvas, shown } = setup(9, 8);
      canvas.fill(x, y, width, height, RED);
      const covers = (at: number, from: number, length: number) =>
        at >= Math.round(from) && at < Math.round(from + length);
      const wanted = Array.from({ length: 8 }, (_, row) =>
        Array.from({ length: 9 }, (_, column) => (covers(column, x, width) && covers(row, y, height) ? "#" : ".")).join(
          "",
        ),
      );
      expect(shown()).toEqual(wanted);
    }),
  );
});
