import { systemClock } from "../base/clock.ts";
import type { GraphPlan } from "../graph/index.ts";

/** The report of a run that a stuck node holds: only what another thread can know. */
export function stalledReport({ path: graph, name, hash }: GraphPlan): string {
  return JSON.stringify({
    ts: new Date(systemClock.nowMs()).toISOString(),
    status: "error",
    engine: "inproc",
    graph_version: 2,
    graph,
    metrics: {},
    schema_version: 1,
    name,
    graph_hash: hash,
    stop_reason: "stalled",
    error: 'NODE_STALLED: node "$NODE" held the run for $SECONDS s',
  });
}
