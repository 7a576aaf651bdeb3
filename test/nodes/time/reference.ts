import type { StreamPacket } from "../../../src/packet/index.ts";
import { packet } from "../../support/node.ts";

/** A reading: when, by whom, what. */
export interface Reading {
  t: number;
  key: string;
  value: unknown;
}

/** A window as written down by hand. */
export interface Expected {
  key: string;
  start: number;
  end: number;
  values: unknown[];
}

export type Shape =
  | { type: "tumbling" | "hopping"; size: number; hop: number; origin: number }
  | { type: "sliding"; size: number }
  | { type: "session"; gap: number }
  | { type: "count"; size: number; hop: number };

export const iso = (t: number) => new Date(t).toISOString();

export const packetOf = ({ t, key, value }: Reading): StreamPacket =>
  packet({ ts: iso(t), source_id: key, payload: { value } });

/** The config of a shape, in words. */
export function windowOf(shape: Shape): Record<string, unknown> {
  const ms = (length: number) => `${length}ms`;
  switch (shape.type) {
    case "tumbling":
      return { type: "tumbling", size: ms(shape.size), origin: iso(shape.origin) };
    case "hopping":
      return { type: "hopping", size: ms(shape.size), hop: ms(shape.hop), origin: iso(shape.origin) };
    case "sliding":
      return { type: "sliding", size: ms(shape.size) };
    case "session":
      return { type: "session", gap: ms(shape.gap) };
    case "count":
      return { type: "count", size: shape.size, hop: shape.hop };
  }
}

/** Every window of the readings, found by looking at all of them for each, in the order results leave. */
export function expectedWindows(readings: readonly Reading[], shape: Shape): Expected[] {
  const keys = [...new Set(readings.map(({ key }) => key))];
  const windows = keys.flatMap((key) => windowsOfKey(key, sorted(readings.filter((one) => one.key === key)), shape));
  return windows.sort((a, b) => a.end - b.end || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

const sorted = (readings: readonly Reading[]) => readings.toSorted((a, b) => a.t - b.t);

function windowsOfKey(key: string, readings: readonly Reading[], shape: Shape): Expected[] {
  const within = (start: number, end: number, takes: (t: number) => boolean): Expected => ({
    key,
    start,
    end,
    values: readings.filter(({ t }) => takes(t)).map(({ value }) => value),
  });
  if (shape.type === "session") return sessions(key, readings, shape.gap);
  if (shape.type === "count") throw new Error("count windows have no order of time");
  if (shape.type === "sliding") {
    const times = [...new Set(readings.map(({ t }) => t))];
    return times.map((end) => within(end - shape.size, end, (t) => t > end - shape.size && t <= end));
  }
  const { size, hop, origin } = shape;
  const [from, to] = [readings[0]!.t, readings.at(-1)!.t];
  const windows: Expected[] = [];
  for (let step = Math.floor((from - size - origin) / hop); origin + step * hop <= to; step++) {
    const start = origin + step * hop;
    windows.push(within(start, start + size, (t) => t >= start && t < start + size));
  }
  return windows.filter(({ values }) => values.length > 0);
}

function sessions(key: string, readings: readonly Reading[], gap: number): Expected[] {
  const found: Expected[] = [];
  for (const { t, value } of readings) {
    const last = found.at(-1);
    if (last === undefined || t >= last.end) found.push({ key, start: t, end: t + gap, values: [value] });
    else {
      last.end = t + gap;
      last.values.push(value);
    }
  }
  return found;
}
