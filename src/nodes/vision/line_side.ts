import type { Point } from "./geometry.ts";

/** Inside is on the right of who walks from `from` to `to` on the picture, where y grows downward. */
export interface Line {
  readonly from: Point;
  readonly to: Point;
}

/** Where an object was clear of a line last: on its right (1) or left (-1), and at which point. Null before that. */
export type Firm = readonly [side: 1 | -1, x: number, y: number] | null;

/**
 * Takes an object's new place, writes to `firm[index]` where it is clear of the line, and says which way it has crossed.
 * It is clear when it is more than `clearance` away; a place nearer than that changes nothing.
 */
export function crossing(
  firm: Firm[],
  index: number,
  line: Line,
  at: Point,
  clearance: number,
): "in" | "out" | undefined {
  const distance = rightOf(line, at);
  if (Math.abs(distance) <= clearance) return undefined;
  const side = distance > 0 ? 1 : -1;
  const before = firm[index] ?? null;
  firm[index] = [side, at.x, at.y];
  if (before === null || before[0] === side) return undefined;
  if (!meetsBetween(line, { x: before[1], y: before[2] }, at)) return undefined;
  return side === 1 ? "in" : "out";
}

/** Pixels to the right of the line through both ends. */
function rightOf({ from, to }: Line, { x, y }: Point): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  return (dx * (y - from.y) - dy * (x - from.x)) / Math.hypot(dx, dy);
}

/** True when the way from `a` to `b`, which lie on different sides, passes between the ends; on an end counts. */
function meetsBetween(line: Line, a: Point, b: Point): boolean {
  const [left, right] = [rightOf(line, a), rightOf(line, b)];
  const part = left / (left - right);
  const [x, y] = [a.x + part * (b.x - a.x), a.y + part * (b.y - a.y)];
  const [dx, dy] = [line.to.x - line.from.x, line.to.y - line.from.y];
  const along = ((x - line.from.x) * dx + (y - line.from.y) * dy) / (dx * dx + dy * dy);
  return along >= 0 && along <= 1;
}
