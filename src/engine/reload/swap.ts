import { toError } from "../../base/to_error.ts";
import type { GraphChanges } from "../../graph/changes.ts";
import type { GraphPlan } from "../../graph/plan.ts";
import type { PreparedEdges } from "../durable/edges.ts";
import type { RunPlan } from "../durable/expand.ts";
import type { Engine } from "../engine.ts";
import { eventTimeOf } from "../event_time/of_run.ts";
import { NodeRun } from "../node_run.ts";
import { SourceRun } from "../source_run.ts";
import { keyOf } from "./affected.ts";
import { CalledOff } from "./called_off.ts";
import { rewire } from "./rewire.ts";

type Made = SourceRun | NodeRun;

/** One graph in place of another. */
export interface Swap {
  readonly before: RunPlan;
  readonly after: RunPlan;
  readonly edges: PreparedEdges;
  readonly plan: GraphPlan;
  readonly changes: GraphChanges;
  /** By key; new nodes and those that take the place of others. */
  readonly fresh: ReadonlyMap<string, Made>;
  /** Of nodes that are closed by now, by id. */
  readonly states: ReadonlyMap<string, unknown>;
}

/** The node of the running graph with a key. */
export function stoodAs({ wiring, durable: { plan } }: Engine, key: string): Made | undefined {
  return wiring.producers.find(({ index }) => keyOf(plan, index) === key) as Made | undefined;
}

/** What a node at rest knows; of a source, where it is. */
export const stateIn = (one: Made): unknown => one.instance.snapshot?.(one instanceof SourceRun ? one.taken : 0);

/** Gives nodes the state of those whose place they take. Throws when one refuses it; the old ones are as they were. */
export function carryState(engine: Engine, { changes, fresh, states }: Swap) {
  for (const change of changes.nodes) {
    if (change.what !== "replaced" || change.state !== "carried") continue;
    const old = stoodAs(engine, change.node);
    const to = fresh.get(change.node)?.instance;
    if (old?.instance.snapshot === undefined || to?.restore === undefined) continue;
    try {
      to.restore(states.has(change.node) ? states.get(change.node) : stateIn(old!));
    } catch (error) {
      const { message } = toError(error);
      throw new CalledOff(`the new node "${change.node}" does not take the state of the old one: ${message}`);
    }
  }
}

/** From here on the new graph runs. */
export function putInPlace(engine: Engine, swap: Swap, leaving: readonly Made[]) {
  const { before, after, edges, plan, fresh } = swap;
  const time = engine.eventTime?.snapshot();
  engine.eventTime?.stop();
  for (const one of leaving) if (one instanceof NodeRun) one.timed?.stop();
  const producers = after.nodes.map(({ index }) => {
    const key = keyOf(after, index);
    const [made, old] = [fresh.get(key), stoodAs(engine, key)];
    if (made !== undefined && old !== undefined) Object.assign(made, { held: old.held, counters: old.counters });
    return made ?? old!;
  });
  engine.durable.adopt(edges);
  engine.wiring = rewire({ before, after, old: engine.wiring, producers, scheduler: engine.scheduler });
  engine.plan = plan;
  engine.blackboard.replace(plan);
  for (const one of producers) {
    engine.durable.attach(one);
    if (one instanceof SourceRun) one.waits = one.tracked || one.instance.ack !== undefined;
  }
  const isNew = (one: Made) => [...fresh.values()].includes(one);
  engine.sources.replace(engine.wiring.sources.filter((one) => engine.sources.live.includes(one) || isNew(one)));
  engine.sources.eventTime = engine.eventTime = eventTimeOf(engine);
  if (time !== undefined) engine.eventTime?.restore(time);
  engine.created.splice(0, engine.created.length, ...producers);
}
