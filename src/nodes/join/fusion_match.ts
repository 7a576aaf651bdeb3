import { isNumeric } from "../../packet/index.ts";
import { isMap } from "../payload_path.ts";
import type { Readings } from "./readings.ts";
import { type Reading, type SensorValue, sensorValue } from "./sensor_reading.ts";

export const FUSION_MODES = ["nearest", "interpolate", "as_of"] as const;
export type FusionMode = (typeof FUSION_MODES)[number];

/** What stands in `fusion.strategy` of a fused event. */
export const STRATEGIES: Readonly<Record<FusionMode, string>> = {
  nearest: "nearest_by_abs_delta",
  interpolate: "linear_interpolation",
  as_of: "as_of",
};

/** What a sensor has to say about a moment. */
export interface Match {
  readonly value: SensorValue;
  /** How far from the moment, in milliseconds. */
  readonly awayMs: number;
}

/** What the readings of one sensor say about a moment, by those at most `windowMs` away; undefined: nothing. */
export function matchOf(mode: FusionMode, readings: Readings, timeMs: number, windowMs: number): Match | undefined {
  if (mode === "interpolate") return interpolated(readings, timeMs, windowMs);
  const reading = mode === "nearest" ? readings.nearest(timeMs) : readings.lastBefore(timeMs);
  return plain(within(reading, timeMs, windowMs), timeMs);
}

/** The reading, when it is near enough. */
const within = (reading: Reading | undefined, timeMs: number, windowMs: number): Reading | undefined =>
  reading !== undefined && Math.abs(reading.timeMs - timeMs) <= windowMs ? reading : undefined;

function plain(reading: Reading | undefined, timeMs: number): Match | undefined {
  return reading && { value: sensorValue(reading), awayMs: Math.abs(reading.timeMs - timeMs) };
}

/** On the line between the readings before and behind the moment; with only one of them, that one. */
function interpolated(readings: Readings, timeMs: number, windowMs: number): Match | undefined {
  const before = within(readings.lastBefore(timeMs), timeMs, windowMs);
  const behind = within(readings.firstAfter(timeMs), timeMs, windowMs);
  if (before === undefined || behind === undefined || before.timeMs === timeMs) return plain(before ?? behind, timeMs);
  const share = (timeMs - before.timeMs) / (behind.timeMs - before.timeMs);
  const near = share <= 0.5 ? before : behind;
  const fields = blend(before.fields, behind.fields, share) as Record<string, unknown>;
  const value = sensorValue({ ...near, ts: new Date(timeMs).toISOString(), fields });
  return { value: { ...value, interpolated: true }, awayMs: Math.abs(near.timeMs - timeMs) };
}

/** Deeper values are taken from the nearer reading as they are. */
const MAX_DEPTH = 8;

/** Finite numbers that both have are blended, also in maps; everything else is that of the nearer one. */
function blend(before: unknown, behind: unknown, share: number, depth = 0): unknown {
  if (isMeasured(before) && isMeasured(behind)) return Number(before) + (Number(behind) - Number(before)) * share;
  const near = share <= 0.5 ? before : behind;
  if (!isMap(before) || !isMap(behind) || depth >= MAX_DEPTH) return near;
  return Object.fromEntries(
    Object.entries(near as Record<string, unknown>).map(([key, value]) => {
      const inBoth = Object.hasOwn(before, key) && Object.hasOwn(behind, key);
      return [key, inBoth ? blend(before[key], behind[key], share, depth + 1) : value];
    }),
  );
}

const isMeasured = (value: unknown) => isNumeric(value) && Number.isFinite(Number(value));
