import * as v from "valibot";
import type { ConfigIssue } from "../../node/index.ts";
import { parseIsoMs } from "../../packet/index.ts";
import { duration, durationMs } from "../duration.ts";
import { aggregate, aggregateIssues } from "./aggregate_config.ts";
import { place, placeIssues } from "./place.ts";

/** A year and a day: longer is a slip of the unit, and a window that long is lost with the first change of its config. */
export const MAX_WINDOW_MS = durationMs("366d");
/** A packet is added to each window it belongs to; 1,000 is a day by steps of a minute and a half. */
export const MAX_OVERLAP = 1_000;
const MAX_COUNT = 1_000_000;

const whole = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));
const length = v.union([duration, whole(MAX_COUNT)]);
const isoTime = v.pipe(
  v.string(),
  v.check((text) => !Number.isNaN(parseIsoMs(text)), "must be an ISO-8601 time such as 2026-01-01T00:00:00+09:00"),
);

const window = v.strictObject({
  type: v.pipe(
    v.picklist(["tumbling", "hopping", "sliding", "session", "count"]),
    v.description(
      "`tumbling`: side by side, `size` long. `hopping`: `size` long, one begins every `hop`. `sliding`: the `size` up " +
        "to each event time of a key. `session`: ends when a key is silent for `gap`. `count`: `size` packets of a key.",
    ),
  ),
  size: v.pipe(v.optional(length), v.description("Length, such as `1m`, at most 366 days; of `count`, packets.")),
  hop: v.pipe(
    v.optional(length),
    v.description("Of `hopping` and `count`: from the beginning of a window to that of the next."),
  ),
  gap: v.pipe(v.optional(duration), v.description("Of `session`: silence that ends it.")),
  origin: v.pipe(
    v.optional(isoTime, "1970-01-01T00:00:00Z"),
    v.description(
      "Of `tumbling` and `hopping`: a moment at which a window begins. Days of an office in Seoul have " +
        "`1970-01-01T00:00:00+09:00`.",
    ),
  ),
});

export const windowConfig = v.strictObject({
  window: v.pipe(window, v.description("Which packets belong together.")),
  key: v.pipe(
    v.optional(place),
    v.description(
      "Windows are kept apart by this: a path in the payload, a list of keys, or `{ cel: … }`; else `source_id`.",
    ),
  ),
  aggregates: v.pipe(
    v.optional(v.record(v.pipe(v.string(), v.minLength(1)), aggregate), {}),
    v.description("Fields of the result by name, `{ fn, of, … }`; `count` is there anyway."),
  ),
  early: v.pipe(
    v.optional(v.strictObject({ every: v.pipe(length, v.description("Event time, such as `10s`, or packets.")) })),
    v.description("Results before the end of a window, counted from its beginning, with `final: false`."),
  ),
  allowed_lateness: v.pipe(
    v.optional(duration),
    v.description(
      "For so long after its end a window stays, and gives another result for each packet; none when left out.",
    ),
  ),
  invalid: v.pipe(
    v.optional(v.picklist(["skip", "dead_letter"]), "skip"),
    v.description(
      "A packet without a value, or with NaN or text where a number belongs: counted without it, or set aside.",
    ),
  ),
  max_keys: v.pipe(
    v.optional(whole(1_000_000), 65_536),
    v.description("Keys with open windows; about 300 bytes each."),
  ),
  max_windows: v.pipe(
    v.optional(whole(10_000_000), 262_144),
    v.description("Open windows of all keys, about 200 bytes each; of `sliding`, packets."),
  ),
  on_full: v.pipe(
    v.optional(v.picklist(["refuse", "close_oldest"]), "refuse"),
    v.description(
      "A packet for which there is no room leaves by `refused`, or the key that came first gives what it has, " +
        "marked `cut`, and makes room.",
    ),
  ),
  kind: v.pipe(v.optional(v.pipe(v.string(), v.minLength(1)), "sensor"), v.description("Kind of the results.")),
});

export type WindowConfig = v.InferOutput<typeof windowConfig>;

export function windowIssues(config: WindowConfig): ConfigIssue[] {
  const { key, aggregates } = config;
  return [
    ...shapeIssues(config),
    ...(key === undefined ? [] : placeIssues(["key"], key)),
    ...Object.entries(aggregates).flatMap(([name, one]) => aggregateIssues(name, one)),
  ];
}

const NEEDS = {
  tumbling: ["size"],
  hopping: ["size", "hop"],
  sliding: ["size"],
  session: ["gap"],
  count: ["size"],
} as const;
const MAY = { tumbling: ["origin"], hopping: ["origin"], sliding: [], session: [], count: ["hop"] } as const;

function shapeIssues({ window, early, allowed_lateness }: WindowConfig): ConfigIssue[] {
  const { type } = window;
  const issues: ConfigIssue[] = [];
  const refuse = (path: ConfigIssue["path"], message: string, hint?: string) =>
    issues.push(hint === undefined ? { path, message } : { path, message, hint });
  for (const name of NEEDS[type])
    if (window[name] === undefined) refuse(["window"], `a ${type} window needs \`${name}\``);
  for (const name of ["size", "hop", "gap"] as const) {
    const value = window[name];
    if (value === undefined) continue;
    if (![...NEEDS[type], ...MAY[type]].includes(name as never)) {
      refuse(["window", name], `\`${name}\` does not belong to a ${type} window`);
    } else if ((type === "count") !== (typeof value === "number")) {
      const wanted = type === "count" ? "a whole number of packets" : "a time such as 1m";
      refuse(["window", name], `${name} of a ${type} window is ${wanted}: current value is ${value}`);
    } else if (typeof value === "string" && durationMs(value) > MAX_WINDOW_MS) {
      refuse(["window", name], `${name} must be at most 366d: current value is ${value}`);
    }
  }
  if (issues.length > 0) return issues;
  const [size, hop] = [lengthOf(window.size), lengthOf(window.hop)];
  if (hop > size)
    refuse(["window", "hop"], `hop must be at most the size: packets between two windows would be in none`);
  if (hop > 0 && size / hop > MAX_OVERLAP) {
    const hint = "a longer hop, or a shorter size";
    refuse(["window", "hop"], `a packet would be in ${Math.ceil(size / hop)} windows: at most ${MAX_OVERLAP}`, hint);
  }
  if (early !== undefined && type === "sliding")
    refuse(["early"], "a sliding window gives a result for each time already");
  if (early !== undefined && type === "count" && typeof early.every === "string") {
    refuse(["early", "every"], "early results of a count window come every so many packets: a whole number");
  }
  if (allowed_lateness !== undefined && type === "count") {
    refuse(["allowed_lateness"], "nothing is late for a count window: packets are counted as they come");
  }
  return issues;
}

/** Milliseconds, or packets; 0 when left out. */
export function lengthOf(length: string | number | undefined): number {
  if (length === undefined) return 0;
  return typeof length === "number" ? length : durationMs(length);
}
