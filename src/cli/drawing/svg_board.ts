import type { CellPlan } from "../../graph/index.ts";

export interface Point {
  x: number;
  y: number;
}

interface Size {
  width: number;
  height: number;
}

/** Pixels. */
const CELL = { width: 150, height: 40, gap: 20, above: 30 };
/** How far a curve that closes a cycle hangs below its ends. */
const SAG = 46;

/** Room that curves below the lowest nodes need. */
export const sagOf = (closing: number): number => (closing === 0 ? 0 : SAG);

/** An edge that closes a cycle leads back, so it runs below the others. */
export function closingEdge(from: Point, to: Point, { height }: Size): string {
  const [start, end] = [from.y + height / 2, to.y + height / 2];
  const low = Math.max(start, end) + SAG;
  const path = `M${from.x} ${start}C${from.x} ${low} ${to.x} ${low} ${to.x} ${end}`;
  return `<path d="${path}" fill="none" stroke="#777" stroke-width="1.5" stroke-dasharray="6 3" marker-end="url(#arrow)"/>`;
}

/** Cells of the blackboard in a row at `top`, and dotted lines to who writes and who reads them. */
export function drawBoard(
  cells: readonly CellPlan[],
  { left, top, box }: { left: number; top: number; box: Size },
  nodeAt: (id: string) => Point,
  escaped: (text: string) => string,
): { parts: string[] } & Size {
  const parts = cells.flatMap(({ name, type, readers, writers }, index) => {
    const x = left + index * (CELL.width + CELL.gap);
    const middle = { x: x + CELL.width / 2, y: top + CELL.above };
    const lower = (id: string) => ({ x: nodeAt(id).x, y: nodeAt(id).y + box.height / 2 });
    return [
      ...writers.map((id) => dotted(lower(id), middle)),
      ...readers.map((id) => dotted(middle, lower(id))),
      `<rect x="${x}" y="${middle.y}" width="${CELL.width}" height="${CELL.height}" fill="#fff7d6" stroke="#555"/>`,
      `<text x="${middle.x}" y="${middle.y + 17}" text-anchor="middle" font-weight="bold" fill="#222">${escaped(name)}</text>`,
      `<text x="${middle.x}" y="${middle.y + 33}" text-anchor="middle" font-size="11" fill="#555">${type}</text>`,
    ];
  });
  const width = cells.length * (CELL.width + CELL.gap);
  return { parts, width, height: cells.length === 0 ? 0 : CELL.above + CELL.height };
}

const dotted = (from: Point, to: Point) =>
  `<path d="M${from.x} ${from.y}L${to.x} ${to.y}" fill="none" stroke="#b59b3a" stroke-dasharray="2 3" marker-end="url(#arrow)"/>`;
