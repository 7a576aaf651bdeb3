import { NodeRun } from "../node_run.ts";
import type { Producer } from "../producer.ts";
import type { SourceRun } from "../source_run.ts";

/** What the report shows of event time beside a node's own numbers; nothing in a graph without nodes that wait for it. */
export function eventTimeMetrics(producer: Producer, nowMs: number): Record<string, number> {
  if (!(producer instanceof NodeRun)) return sourceMetrics(producer as SourceRun);
  const { timed } = producer;
  if (!timed?.advances || !Number.isFinite(timed.toldMs)) return {};
  return { watermark_lag_ms: nowMs - timed.toldMs };
}

function sourceMetrics({ time }: SourceRun): Record<string, number> {
  if (time === undefined) return {};
  return { event_time_ahead_total: time.ahead, event_time_forgotten_total: time.forgotten };
}
