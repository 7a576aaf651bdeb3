import * as v from "valibot";
import { DURATION, durationMs } from "../base/duration.ts";
import { DEFAULT_CHECKPOINT_MS, type GraphPlan } from "./plan.ts";

/** As often as a quick disk can; a graph that is asked for more stands still more than it runs. */
const SHORTEST_MS = 10;
/** With a crash so much comes again, and so long its rows stay in their queues. */
const LONGEST_MS = 3_600_000;

const shape = v.strictObject({
  interval: v.optional(
    v.pipe(
      v.string(),
      v.regex(DURATION, "must be a time such as 500ms, 5s or 1m"),
      v.transform(durationMs),
      v.minValue(SHORTEST_MS, "must be 10ms at least"),
      v.maxValue(LONGEST_MS, "must be 1h at most"),
      v.description("Time between two checkpoints; default 1s."),
    ),
  ),
});

/** `checkpoint:` of a graph. */
export const checkpoint = v.pipe(
  v.union([v.boolean(), shape], "must be true, false, or a map such as { interval: 5s }"),
  v.description(
    "Keeps the state of nodes; default where a durable edge leads to one. Such as { interval: 5s }, or false.",
  ),
);

export function checkpointOptions(given: v.InferOutput<typeof checkpoint> | undefined): GraphPlan["checkpoint"] {
  if (given === undefined || given === false) return given;
  return { interval_ms: (given === true ? undefined : given.interval) ?? DEFAULT_CHECKPOINT_MS };
}
