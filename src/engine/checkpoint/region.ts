import { Outlet } from "../durable/outlet.ts";
import type { NodeRun } from "../node_run.ts";
import type { Producer } from "../producer.ts";
import { SourceRun } from "../source_run.ts";
import type { Wiring } from "../wiring.ts";

/** What of a graph a checkpoint is about: nodes with state, and everything that packets on their way to them meet. */
export interface Region {
  /** Nodes with state, and sources that know their position. */
  readonly stateful: readonly (NodeRun | SourceRun)[];
  /** Asked for no packet while a checkpoint is taken. */
  readonly sources: readonly SourceRun[];
  /** Everything behind these sources. */
  readonly nodes: readonly NodeRun[];
  readonly outlets: readonly Outlet[];
}

/**
 * Undefined when there is nothing to keep. `asked`: the graph asks for checkpoints, so sources that know their position
 * count; else it takes a durable edge that leads to a node with state, as only what comes again needs one. `writers`: ids
 * of nodes that write what is kept of the blackboard, which is a reason by itself.
 */
export function regionOf(
  { nodes, sources, edges }: Wiring,
  asked: boolean,
  writers: ReadonlySet<string> = new Set(),
): Region | undefined {
  const known = asked ? sources.filter(keepsState) : [];
  const keeping = nodes.filter((node) => keepsState(node) || writers.has(node.id));
  const before = spread<Producer>(keeping, (one) => edges.filter(({ to }) => to === one).map(({ from }) => from));
  const paused = sources.filter((source) => before.has(source) || known.includes(source));
  const outlets = paused.map(({ instance }) => instance).filter((instance) => instance instanceof Outlet);
  const again = asked || outlets.some(({ isEdge }) => isEdge);
  if (paused.length === 0 || (!again && !keeping.some(({ id }) => writers.has(id)))) return undefined;
  // Dead letters that are sent back may go anywhere, and what is far from every state keeps no checkpoint waiting.
  const begins = paused.filter(({ instance }) => !(instance instanceof Outlet) || instance.isEdge);
  const behind = spread<Producer>(begins, (one) => [...one.outputs.values()].flat().map(({ to }) => to));
  const stateful = again ? [...known, ...keeping.filter((node) => behind.has(node) && keepsState(node))] : [];
  return { stateful, sources: paused, nodes: nodes.filter((node) => behind.has(node)), outlets };
}

/** Everything that can be reached, the starts included. */
function spread<Item>(starts: readonly Item[], next: (one: Item) => readonly Item[]): Set<unknown> {
  const seen = new Set<Item>(starts);
  // What is added is looked at as well.
  for (const one of seen) for (const further of next(one)) seen.add(further);
  return seen;
}

const keepsState = ({ instance }: NodeRun | SourceRun) =>
  instance.snapshot !== undefined && instance.restore !== undefined;

/** The first of a region with something under way; undefined when all is at rest. */
export function busyIn({ sources, nodes }: Region): Producer | undefined {
  return sources.find(isBusy) ?? nodes.find(isBusy);
}

function isBusy(producer: Producer): boolean {
  if (producer.held.length > 0) return true;
  if (producer instanceof SourceRun) return !producer.atPosition;
  const { queued, inFlight, due } = producer as NodeRun;
  return queued > 0 || inFlight > 0 || due !== 0;
}
