import * as v from "valibot";
import { didYouMean } from "../../base/suggest.ts";
import { numeric } from "../numbers.ts";
import { type Boundary, contains, type Point, type Polygon } from "./geometry.ts";

export interface Zone {
  zone_id: string;
  polygon: Polygon;
}

/** Something wrong with a list of zones; `path` starts at the list. */
export interface ZoneFault {
  path: (string | number)[];
  message: string;
  hint?: string;
}

const point = v.union([
  v.pipe(
    v.tuple([numeric, numeric]),
    v.transform(([x, y]): Point => ({ x: Number(x), y: Number(y) })),
  ),
  v.pipe(
    v.object({ x: numeric, y: numeric }),
    v.transform(({ x, y }): Point => ({ x: Number(x), y: Number(y) })),
  ),
]);

const ENTRIES = {
  zone_id: v.pipe(v.string(), v.minLength(1)),
  enabled: v.optional(v.boolean(), true),
  polygon: v.pipe(v.array(point), v.minLength(3, "a polygon needs at least three points")),
};

const zone = v.looseObject(ENTRIES);

/**
 * Reads a list of `{ zone_id, enabled, polygon: [[x, y], …] }` (points may also be `{ x, y }`), leaves out disabled
 * zones, and says what is wrong with the others. Other keys are kept by whoever wrote the list and ignored here.
 */
export function readZones(list: readonly unknown[]): { zones: Zone[]; faults: ZoneFault[] } {
  const zones: Zone[] = [];
  const faults: ZoneFault[] = [];
  for (const [at, item] of list.entries()) {
    const parsed = v.safeParse(zone, item);
    if (!parsed.success) faults.push(...parsed.issues.map((issue) => zoneFault(at, issue)));
    else if (parsed.output.enabled) zones.push(parsed.output);
  }
  return { zones, faults };
}

function zoneFault(at: number, issue: v.BaseIssue<unknown>): ZoneFault {
  const path = (issue.path ?? []).map((step) => step.key as string | number);
  if (issue.type !== "union") return { path: [at, ...path], message: issue.message };
  return { path: [at, ...path], message: `a point is [x, y] or { x, y } with numbers, got ${issue.received}` };
}

/** Keys that no zone has, for zones a person writes into a graph. */
export function unknownZoneKeys(list: readonly unknown[]): ZoneFault[] {
  return list.flatMap((item, at) =>
    typeof item === "object" && item !== null ? unknownKeys([at], item, Object.keys(ENTRIES)) : [],
  );
}

export function unknownKeys(path: (string | number)[], value: object, known: readonly string[]): ZoneFault[] {
  const strange = Object.keys(value).filter((key) => !known.includes(key));
  return strange.map((key) => {
    const near = didYouMean(key, known);
    const hint = near === undefined ? `known keys: ${known.join(", ")}` : `did you mean "${near}"?`;
    return { path: [...path, key], message: `unknown key "${key}"`, hint };
  });
}

/**
 * Reads a list as the predecessor did: `enabled` by truthiness, and what is no zone is passed over (it stopped the
 * run at a bad vertex; here the zone is passed over too).
 */
export function readZonesLeniently(list: readonly unknown[]): { zones: Zone[]; skipped: number } {
  const enabled = list.filter((item) => !isDisabled(item));
  const known = enabled.map((item) =>
    isMap(item) ? { ...item, zone_id: String(item.zone_id ?? ""), enabled: true } : item,
  );
  const zones = known.flatMap((item) => {
    const parsed = v.safeParse(v.looseObject({ ...ENTRIES, zone_id: v.string() }), item);
    return parsed.success ? [parsed.output] : [];
  });
  return { zones, skipped: enabled.length - zones.length };
}

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** Python's truth: the text "false" is true. */
const isDisabled = (item: unknown) => isMap(item) && "enabled" in item && !item.enabled;

/** The first zone with the point in it. */
export function findZone(zones: readonly Zone[], at: Point, boundary: Boundary): Zone | undefined {
  return zones.find(({ polygon }) => contains(polygon, at, boundary));
}
