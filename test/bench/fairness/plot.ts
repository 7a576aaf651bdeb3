import type { Summary } from "./analysis.ts";
import { POLICIES, type Policy, WORKLOAD_NAMES } from "./grid.ts";

const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM] = [880, 340, 60, 50, 50];
const COLORS: Record<Policy, string> = {
  ...{ drop_newest: "#8c8c8c", drop_oldest: "#4e79a7", fail: "#e15759", weighted_drop: "#59a14f" },
};

export interface Plot {
  title: string;
  unit: string;
  value(row: Summary): number;
  /** Ends of a line over the bar. */
  interval?(row: Summary): readonly [number, number];
}

/** Bars of every policy, by workload, as SVG. By hand: forty rectangles need no library. */
export function barPlot(rows: readonly Summary[], { title, unit, value, interval }: Plot): string {
  const most = Math.max(1e-9, ...rows.map((row) => interval?.(row)[1] ?? value(row)));
  const y = (amount: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - amount / most);
  const block = (WIDTH - LEFT - 20) / WORKLOAD_NAMES.length;
  const width = (block * 0.8) / POLICIES.length;
  const bars = rows.map((row) => {
    const x = LEFT + block * (WORKLOAD_NAMES.indexOf(row.workload) + 0.1) + width * POLICIES.indexOf(row.policy);
    const [top, middle] = [y(value(row)), x + width / 2];
    const ends = interval?.(row);
    const line =
      ends && `<line x1="${n(middle)}" x2="${n(middle)}" y1="${n(y(ends[0]))}" y2="${n(y(ends[1]))}" stroke="#222"/>`;
    return `<rect x="${n(x)}" y="${n(top)}" width="${n(width - 2)}" height="${n(y(0) - top)}" fill="${COLORS[row.policy]}"/>${line ?? ""}`;
  });
  const names = WORKLOAD_NAMES.map((name, at) => text(LEFT + block * (at + 0.5), HEIGHT - BOTTOM + 20, name, "middle"));
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const at = y(share * most);
    return `<line x1="${LEFT}" x2="${WIDTH - 20}" y1="${n(at)}" y2="${n(at)}" stroke="#ddd"/>${text(LEFT - 6, at + 4, (share * most).toPrecision(3), "end")}`;
  });
  const legend = POLICIES.map((policy, at) => {
    const x = LEFT + at * 150;
    return `<rect x="${x}" y="${HEIGHT - 20}" width="12" height="12" fill="${COLORS[policy]}"/>${text(x + 18, HEIGHT - 10, policy)}`;
  });
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`;
  const body = [
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(LEFT, 24, `${title}, ${unit}`),
    ...ticks,
    ...bars,
    ...names,
    ...legend,
  ];
  return `${[head, ...body, "</svg>"].join("\n")}\n`;
}

const n = (value: number) => value.toFixed(1);
const text = (x: number, y: number, words: string, anchor = "start") =>
  `<text x="${n(x)}" y="${n(y)}" text-anchor="${anchor}">${words}</text>`;
