import { DEFAULT_EVENT_TIME, type EventTimeOptions } from "../../graph/plan.ts";
import type { RunPlan } from "../durable/expand.ts";
import { leadingTo } from "../on_cycle.ts";

/**
 * What a source, by its index, is waited for. What comes out of a durable edge is as late as what went in, from whatever
 * source. Undefined: dead letters that are replayed were late long ago.
 */
export function eventTimeOptions(plan: RunPlan, source: number): EventTimeOptions | undefined {
  return optionsOf(plan, source, new Set());
}

function optionsOf(plan: RunPlan, source: number, asked: Set<number>): EventTimeOptions | undefined {
  asked.add(source);
  const edge = plan.ends.get(source);
  const own = { ...DEFAULT_EVENT_TIME, ...plan.event_time };
  if (edge === undefined) return { ...own, ...plan.nodes[source]!.runtime.event_time };
  if (!plan.behind.has(edge.index)) return undefined;
  const before = [...leadingTo(edge.from, plan)].filter(
    (index) => plan.nodes[index]!.definition.kind === "source" && !asked.has(index),
  );
  const all = before.map((index) => optionsOf(plan, index, asked)).filter((one) => one !== undefined);
  if (all.length === 0) return own;
  return {
    max_delay_ms: Math.max(...all.map(({ max_delay_ms }) => max_delay_ms)),
    idle_ms: Math.max(...all.map(({ idle_ms }) => idle_ms)),
  };
}
