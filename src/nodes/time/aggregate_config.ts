import * as v from "valibot";
import type { ConfigIssue } from "../../node/index.ts";
import { expressionIssues } from "../expression.ts";
import { place, placeIssues } from "./place.ts";

const FNS = [
  ...(["count", "sum", "mean", "min", "max", "stddev", "percentile"] as const),
  ...(["first", "last", "distinct", "collect", "expression"] as const),
];

const bound = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));

export const aggregate = v.strictObject({
  fn: v.pipe(
    v.picklist(FNS),
    v.description(
      "`count` (of packets, or of those with a value), `sum`, `mean`, `min`, `max`, `stddev` (of a sample), " +
        "`percentile`, `first` and `last` by event time, `distinct` (how many different values), " +
        "`collect` (the values in a list), `expression` (over the aggregates before it).",
    ),
  ),
  of: v.pipe(
    v.optional(place),
    v.description("Where the value is: a path in the payload such as `wind.speed`, a list of keys, or `{ cel: … }`."),
  ),
  p: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(100))),
    v.description("Of `percentile`: 50 is the median, 99 is passed by one value in a hundred."),
  ),
  // 1,000 values are 8 KB a window, and beyond them a digest is off by a fraction of a per cent.
  exact: v.pipe(
    v.optional(bound(100_000)),
    v.description("Of `percentile`: values kept as they are, 1,000 when left out; with more it comes of a t-digest."),
  ),
  // A window that keeps values costs what they cost; 1,000 is a sensor at 16 Hz for a minute.
  max_items: v.pipe(
    v.optional(bound(100_000)),
    v.description("Of `distinct` and `collect`: values kept per window, 1,000 when left out; more are left out."),
  ),
  cel: v.pipe(
    v.optional(v.pipe(v.string(), v.minLength(1))),
    v.description("Of `expression`: CEL in which `payload` is the result as far as it is made."),
  ),
});

export type AggregateConfig = v.InferOutput<typeof aggregate>;

/** What a result has besides its aggregates. */
const RESERVED = ["key", "window", "count", "skipped", "final", "firing", "cut", "approximate", "__proto__"];
const NEEDS_OF = new Set<string>([
  "sum",
  "mean",
  "min",
  "max",
  "stddev",
  "percentile",
  "first",
  "last",
  "distinct",
  "collect",
]);

export function aggregateIssues(name: string, config: AggregateConfig): ConfigIssue[] {
  const path = ["aggregates", name];
  const { fn, of, cel } = config;
  const issue = (key: string, message: string, hint?: string): ConfigIssue => ({
    path: key === "" ? path : [...path, key],
    message,
    ...(hint === undefined ? {} : { hint }),
  });
  return [
    ...(RESERVED.includes(name) ? [issue("", `every result has a field "${name}" of its own: use another name`)] : []),
    ...(of === undefined && NEEDS_OF.has(fn) ? [issue("", `${fn} needs \`of\``, "such as of: celsius")] : []),
    ...(of !== undefined && fn === "expression"
      ? [issue("of", "an expression is over the result: it has no `of`")]
      : []),
    ...(fn === "percentile" && config.p === undefined ? [issue("", "percentile needs `p`", "such as p: 95")] : []),
    ...(fn === "expression" && cel === undefined ? [issue("", "expression needs `cel`")] : []),
    ...strangers(config).map((key) => issue(key, `\`${key}\` does not belong to ${fn}`)),
    ...(of === undefined ? [] : placeIssues([...path, "of"], of)),
    ...(cel === undefined ? [] : expressionIssues([...path, "cel"], cel)),
  ];
}

const BELONGS: Record<string, readonly string[]> = {
  p: ["percentile"],
  exact: ["percentile"],
  max_items: ["distinct", "collect"],
  cel: ["expression"],
};

const strangers = (config: AggregateConfig) =>
  Object.entries(BELONGS)
    .filter(([key, fns]) => config[key as "p"] !== undefined && !fns.includes(config.fn))
    .map(([key]) => key);
