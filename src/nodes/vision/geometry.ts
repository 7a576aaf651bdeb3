export interface Point {
  readonly x: number;
  readonly y: number;
}

export type Polygon = readonly Point[];

/** `fixed`: every point of the boundary is inside. `legacy`: as the predecessor computed it, quirks included. */
export type Boundary = "fixed" | "legacy";

const TOLERANCE = 1e-9;

/** Python's `math.isclose` with both tolerances 1e-9. */
const near = (a: number, b: number) =>
  Math.abs(a - b) <= Math.max(TOLERANCE * Math.max(Math.abs(a), Math.abs(b)), TOLERANCE);

/** True when `point` is in the polygon (even-odd rule). Fewer than three vertices contain nothing. */
export function contains(polygon: Polygon, point: Point, boundary: Boundary): boolean {
  if (polygon.length < 3) return false;
  return boundary === "legacy" ? containsLegacy(polygon, point) : containsFixed(polygon, point);
}

function containsFixed(polygon: Polygon, { x, y }: Point): boolean {
  let inside = false;
  let from = polygon.at(-1)!;
  for (const to of polygon) {
    if (onSegment(from, to, x, y)) return true;
    // Half-open in y, so a vertex that two edges share is crossed once.
    if (from.y > y !== to.y > y && x < ((to.x - from.x) * (y - from.y)) / (to.y - from.y) + from.x) inside = !inside;
    from = to;
  }
  return inside;
}

/** Within the tolerance of the segment, measured against its length so that pixels and 0…1 behave the same. */
function onSegment(from: Point, to: Point, x: number, y: number): boolean {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const length = Math.hypot(dx, dy);
  const slack = TOLERANCE * Math.max(length, Math.abs(x), Math.abs(y));
  if (length === 0) return Math.hypot(x - from.x, y - from.y) <= slack;
  const across = Math.abs(dx * (y - from.y) - dy * (x - from.x)) / length;
  const along = (dx * (x - from.x) + dy * (y - from.y)) / length;
  return across <= slack && along >= -slack && along <= length + slack;
}

/**
 * The predecessor's test, kept for graphs that were tuned with it. A vertex that is a strict maximum in y is outside,
 * and the 1e-9 in the divisor misses boundary points of edges that span less than about 1 in y.
 */
function containsLegacy(polygon: Polygon, { x, y }: Point): boolean {
  let inside = false;
  for (const [at, from] of polygon.entries()) {
    const to = polygon[(at + 1) % polygon.length]!;
    if (near(from.y, to.y) && near(y, from.y) && Math.min(from.x, to.x) <= x && x <= Math.max(from.x, to.x))
      return true;
    if (from.y > y === to.y > y) continue;
    const crossing = ((to.x - from.x) * (y - from.y)) / (to.y - from.y + TOLERANCE) + from.x;
    if (near(crossing, x)) return true;
    if (crossing > x) inside = !inside;
  }
  return inside;
}
