import type { Series } from "./timeline.ts";

const WIDTH = 920;
const HEIGHT = 220;
const LEFT = 56;
const BOTTOM = 28;
const TOP = 12;
const RIGHT = 8;
/** More points than pixels are drawn on one another. */
const MAX_POINTS = 400;
/** Lines of more faults than this would hide the curves; they are drawn fainter instead of left out. */
const MANY_MARKS = 20;

/** Packets per second acknowledged and delivered over the time of a fault, a line at every fault. SVG text. */
export function ratePlot(series: Series): string {
  const step = Math.max(1, Math.ceil(series.acknowledged.length / MAX_POINTS));
  const perSecond = 1_000 / (series.bucketMs * step);
  const acknowledged = grouped(series.acknowledged, step).map((count) => count * perSecond);
  const delivered = grouped(series.delivered, step).map((count) => count * perSecond);
  const highest = niceCeiling(Math.max(1, ...acknowledged, ...delivered));
  const totalMs = Math.max(1, series.acknowledged.length * series.bucketMs);
  const x = (ms: number) => LEFT + (ms / totalMs) * (WIDTH - LEFT - RIGHT);
  const y = (rate: number) => TOP + (1 - rate / highest) * (HEIGHT - TOP - BOTTOM);
  const line = (rates: readonly number[], name: string) =>
    `<polyline class="${name}" points="${rates.map((rate, at) => `${one(x((at + 0.5) * step * series.bucketMs))},${one(y(rate))}`).join(" ")}"/>`;
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="packets per second over time">`,
    ...[0, 0.5, 1].map((share) => gridLine(y(share * highest), Math.round(share * highest).toLocaleString("en-US"))),
    ...timeLabels(totalMs).map(
      (ms) => `<text x="${one(x(ms))}" y="${HEIGHT - 8}" text-anchor="middle">${ms / 1_000} s</text>`,
    ),
    `<g class="${series.marks.length > MANY_MARKS ? "marks many" : "marks"}">`,
    ...series.marks.map(({ atMs, what }) => markLine(x(Math.min(atMs, totalMs)), what)),
    "</g>",
    line(acknowledged, "acknowledged"),
    line(delivered, "delivered"),
    "</svg>",
  ].join("\n");
}

const gridLine = (y: number, label: string) =>
  `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${one(y)}" y2="${one(y)}"/><text x="${LEFT - 6}" y="${one(y + 4)}" text-anchor="end">${label}</text>`;

const markLine = (x: number, what: string) =>
  `<line x1="${one(x)}" x2="${one(x)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"><title>${escaped(what)}</title></line>`;

/** Sums of `step` neighbours; the last may have fewer and is then scaled up, or the curve would end in a fall. */
function grouped(counts: readonly number[], step: number): number[] {
  const groups = Array.from({ length: Math.ceil(counts.length / step) }, (_, at) =>
    counts.slice(at * step, (at + 1) * step),
  );
  return groups.map((group) => (group.reduce((sum, count) => sum + count, 0) * step) / group.length);
}

/** 1, 2 or 5 times a power of ten. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power).find((ceiling) => ceiling >= value)!;
}

/** At most ten labels, at round seconds. */
function timeLabels(totalMs: number): number[] {
  const everySec = Math.max(1, niceCeiling(totalMs / 10_000));
  return Array.from({ length: Math.floor(totalMs / 1_000 / everySec) + 1 }, (_, at) => at * everySec * 1_000);
}

const one = (value: number) => value.toFixed(1);

export const escaped = (text: string) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
