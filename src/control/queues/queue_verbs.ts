import type { Clock } from "../../base/clock.ts";
import type { Verbs } from "../verb.ts";
import { changeVerbs } from "./change_verbs.ts";
import { drainVerb } from "./drain_verb.ts";
import { lookVerbs } from "./look_verbs.ts";
import type { NamedQueue } from "./named_queue.ts";
import type { CompileCondition } from "./row_filter.ts";
import { transferVerbs } from "./transfer_verbs.ts";

export interface QueueVerbOptions {
  /** Asked at each call: a reload changes them. */
  queues(): readonly NamedQueue[];
  clock: Clock;
  /** The language of conditions is the nodes' business; whoever makes the table brings it. */
  condition: CompileCondition;
  /** Inputs of each node of the graph, the only ones dead letters can go back to; undefined where no graph is known. */
  inputs?: ReadonlyMap<string, readonly string[]> | undefined;
}

/** Every verb on queues, the same for a running graph and for the files of a stopped one. */
export function queueVerbs(options: QueueVerbOptions): Verbs {
  return { ...lookVerbs(options), ...changeVerbs(options), ...transferVerbs(options), ...drainVerb(options) };
}
