import { busyIn as firstBusy, type Region } from "../checkpoint/region.ts";
import type { RunPlan } from "../durable/expand.ts";
import { Outlet } from "../durable/outlet.ts";
import { NodeRun } from "../node_run.ts";
import { nodesOnCycles } from "../on_cycle.ts";
import type { Producer } from "../producer.ts";
import { SourceRun } from "../source_run.ts";
import type { Wiring } from "../wiring.ts";

/** What becomes of the producers of a running graph. */
export interface Affected {
  /** They stand still while the others come to rest. */
  readonly sources: readonly SourceRun[];
  /** Everything from the sources to where the wiring changes: a packet goes all its way through one graph. */
  readonly drained: readonly NodeRun[];
  /** Their calls end; what waits before them goes to whoever takes their place. */
  readonly halted: readonly NodeRun[];
  /** No part of the graph any more. */
  readonly leaving: readonly (NodeRun | SourceRun)[];
  /** Durable edges that go when they are empty. */
  readonly emptied: readonly SourceRun[];
  /** Leaving, and what they keep goes on with their state. */
  readonly handedOver: ReadonlySet<Producer>;
}

/** Tells two nodes of one id apart: both ends of a durable edge have its name. */
export function keyOf({ nodes, ends }: RunPlan, index: number): string {
  const { id, definition } = nodes[index]!;
  return ends.has(index) ? `${definition.kind} ${id}` : id;
}

/** Edges by what leaves a node, in order, and whether it lies on a cycle. */
function outgoing(plan: RunPlan): Map<string, string> {
  const cycles = nodesOnCycles(plan);
  const out = new Map(plan.nodes.map(({ index }) => [keyOf(plan, index), cycles.has(index) ? "loop" : ""]));
  for (const { from, fromPort, to, toPort, feedback } of plan.edges) {
    const key = keyOf(plan, from);
    out.set(key, `${out.get(key)} ${fromPort}>${keyOf(plan, to)}.${toPort}${feedback ? "!" : ""}`);
  }
  return out;
}

export interface Plans {
  readonly wiring: Wiring;
  readonly before: RunPlan;
  readonly after: RunPlan;
  /** Keys of nodes whose instance is another one. */
  readonly replaced: ReadonlySet<string>;
  /** Keys of nodes whose runtime changes. */
  readonly reconfigured: ReadonlySet<string>;
  /** Names of durable edges that go when they are empty. */
  readonly emptied: ReadonlySet<string>;
}

export function affectedBy({ wiring, before, after, replaced, reconfigured, emptied }: Plans): Affected {
  const [old, now] = [outgoing(before), outgoing(after)];
  const key = ({ index }: Producer) => keyOf(before, index);
  const isLetters = (one: Producer) =>
    one instanceof SourceRun && one.instance instanceof Outlet && !one.instance.isEdge;
  // It leads to every input of the graph, so it is before everything and changes with everything.
  const changed = wiring.producers.filter((one) => !isLetters(one) && old.get(key(one)) !== now.get(key(one)));
  const before_ = upstream(wiring, changed);
  const leaving = wiring.producers.filter((one) => !now.has(key(one)) || replaced.has(key(one)));
  const swapped = wiring.producers.filter((one) => replaced.has(key(one)) || reconfigured.has(key(one)));
  const emptying = wiring.sources.filter(({ id, instance }) => instance instanceof Outlet && emptied.has(id));
  const sources = wiring.sources.filter(
    (one) => (before_.has(one) || leaving.includes(one)) && !emptying.includes(one) && !isLetters(one),
  );
  return {
    sources,
    drained: wiring.nodes.filter((node) => before_.has(node)),
    halted: swapped.filter((one) => one instanceof NodeRun && !before_.has(one)) as NodeRun[],
    leaving: leaving as (NodeRun | SourceRun)[],
    emptied: emptying,
    handedOver: new Set(),
  };
}

/** These and everything that leads to them. */
function upstream({ edges }: Wiring, starts: readonly Producer[]): Set<Producer> {
  const into = Map.groupBy(edges, ({ to }) => to as Producer);
  const seen = new Set(starts);
  // What is added is looked at as well.
  for (const one of seen) for (const { from } of into.get(one) ?? []) seen.add(from);
  return seen;
}

/**
 * While durable edges that go are emptied: nodes behind them are needed for that, and are neither halted nor do they give
 * back what they have. Undefined when no edge goes.
 */
export function emptying({ edges }: Wiring, affected: Affected): Affected | undefined {
  if (affected.emptied.length === 0) return undefined;
  const from = Map.groupBy(edges, (edge) => edge.from);
  const behind = new Set<Producer>(affected.emptied);
  // What is added is looked at as well.
  for (const one of behind) for (const { to } of from.get(one) ?? []) behind.add(to);
  return { ...affected, drained: affected.drained.filter((one) => !behind.has(one)), halted: [], leaving: [] };
}

/** Why it is not yet time: who is busy, and with what. Undefined when all are at rest. */
export function busyIn({ sources, drained, halted, leaving, emptied, handedOver }: Affected): string | undefined {
  for (const { id, instance } of emptied) if (!(instance as Outlet).idle) return `durable edge ${id} is not empty`;
  // The last one first: the others wait for it.
  const last = [...drained].sort((a, b) => b.rank - a.rank);
  for (const node of last) if (node.queued > 0 || node.due !== 0) return why(node, `${node.queued} packets wait`);
  for (const one of [...last, ...halted, ...sources]) {
    if (one.held.length > 0) return why(one, "what it has made finds no room");
    if (one instanceof NodeRun && one.inFlight > 0) return why(one, "it has calls under way");
  }
  for (const one of leaving) {
    const reason = one instanceof NodeRun ? nodeLeaving(one, handedOver.has(one)) : sourceLeaving(one);
    if (reason !== undefined) return why(one, reason);
  }
  return undefined;
}

/** The same of what a checkpoint is about. */
export function busyInRegion(region: Region): string | undefined {
  const busy = firstBusy(region);
  return busy && `"${busy.id}" is busy: a checkpoint waits for what it has under way`;
}

function nodeLeaving(node: NodeRun, handedOver: boolean): string | undefined {
  if (node.due !== 0) return "event time has passed, and it was not told";
  const kept = !handedOver && [...node.holds].some(({ awaited }) => awaited);
  return kept ? "it keeps packets that a source waits for" : undefined;
}

function sourceLeaving(source: SourceRun): string | undefined {
  if (source.ended) return undefined;
  if (source.instance.snapshot !== undefined ? !source.atPosition : source.hasNext) return "it is handing packets out";
  return source.outstanding > 0 ? `${source.outstanding} of its packets are under way` : undefined;
}

function why(one: Producer, what: string): string {
  const shut = [...one.outputs.values()].flat().find(({ input }) => input.shut);
  const behind = shut === undefined ? "" : `; it waits for room at ${shut.to.id}.${shut.toPort}`;
  return `"${one.id}" is busy: ${what}${behind}`;
}
