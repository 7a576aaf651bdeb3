import { NodeRun } from "../node_run.ts";
import type { Producer } from "../producer.ts";
import type { SourceRun } from "../source_run.ts";

/** What is told of event time beside a node's own metrics; `docs/metrics.md` is made from it. */
export const EVENT_TIME_METRICS = {
  watermark_lag_ms:
    "Of a node that waits for event time: the wall clock less the event time it was told has passed; left out before the first and after the end.",
  event_time_ahead_total:
    "Of a source: packets whose `ts` is more than a day ahead of the wall clock; they do not move event time.",
  event_time_forgotten_total:
    "Of a source: times the `source_id` that was silent longest was forgotten, as there were 10,000 of them.",
} as const;

type Own = Partial<Record<keyof typeof EVENT_TIME_METRICS, number>>;

/** What the report shows of event time beside a node's own numbers; nothing in a graph without nodes that wait for it. */
export function eventTimeMetrics(producer: Producer, nowMs: number): Own {
  if (!(producer instanceof NodeRun)) return sourceMetrics(producer as SourceRun);
  const { timed } = producer;
  if (!timed?.advances || !Number.isFinite(timed.toldMs)) return {};
  return { watermark_lag_ms: nowMs - timed.toldMs };
}

function sourceMetrics({ time }: SourceRun): Own {
  if (time === undefined) return {};
  return { event_time_ahead_total: time.ahead, event_time_forgotten_total: time.forgotten };
}
