import type { RunPlan } from "../durable/expand.ts";
import { NodeRun } from "../node_run.ts";
import type { EdgeRun, InputRun, Producer } from "../producer.ts";
import type { Scheduler } from "../scheduler.ts";
import { SourceRun } from "../source_run.ts";
import { addInputs, addSlots, byRank, newEdge, type Wiring, wireLoops } from "../wiring.ts";
import { keyOf } from "./affected.ts";

export interface Rewiring {
  readonly before: RunPlan;
  readonly after: RunPlan;
  readonly old: Wiring;
  /** By index of the new plan: those that stay, and the new ones. */
  readonly producers: readonly Producer[];
  readonly scheduler: Scheduler;
}

/**
 * Makes one wiring out of another, between two turns. Edges between the same ends stay the objects they are, also when
 * another node stands at an end now: whoever sends over them notices nothing, and what waits keeps its place.
 */
export function rewire({ before, after, old, producers, scheduler }: Rewiring): Wiring {
  const stood = new Map(old.producers.map((one) => [keyOf(before, one.index), one]));
  const edgesBefore = new Map(before.edges.map((_, at) => [edgeKey(before, at), old.edges[at]!]));
  for (const one of old.producers) if (!producers.includes(one) && one instanceof NodeRun) one.rank = -1;
  for (const [index, one] of producers.entries()) place(one, after, index);
  const nodes = producers.filter((one) => one instanceof NodeRun);
  for (const node of nodes) setInputs(node, after, stood.get(keyOf(after, node.index)));
  const edges = after.edges.map((_, at) => edgeOf(after, at, producers, edgesBefore.get(edgeKey(after, at))));
  const everyEdge = renumber(old, edges, nodes);
  connect(producers, edges);
  for (const one of nodes) one.loops = undefined;
  wireLoops(after, producers, nodes, scheduler.loops);
  for (const node of nodes) setSlots(scheduler, node);
  scheduler.schedule(byRank(nodes, after.nodes.length), everyEdge);
  scheduler.findRoom(
    producers,
    nodes.flatMap(({ inputs }) => inputs),
  );
  for (const node of nodes) scheduler.refresh(node);
  const sources = producers.filter((one) => one instanceof SourceRun);
  return { producers: [...producers], sources, nodes, edges, everyEdge };
}

function edgeKey(plan: RunPlan, at: number): string {
  const { from, fromPort, to, toPort, feedback } = plan.edges[at]!;
  return `${keyOf(plan, from)}.${fromPort}>${keyOf(plan, to)}.${toPort}${feedback ? "!" : ""}`;
}

function place(one: Producer, { nodes, ranks }: RunPlan, index: number) {
  one.plan = nodes[index]!;
  one.index = index;
  if (one instanceof NodeRun) one.rank = ranks[index]!;
}

/** Ports keep what waits at them, also when the node behind them is another one. */
function setInputs(node: NodeRun, { edges }: RunPlan, stood: Producer | undefined) {
  const known = stood instanceof NodeRun ? stood.inputs : [];
  node.inputs = [];
  addInputs(node, edges);
  node.inputs = node.inputs.map((made): InputRun => {
    const same = known.find(({ name, feedback }) => name === made.name && feedback === made.feedback);
    if (same === undefined) return made;
    same.inbox.limits = made.inbox.limits;
    same.feeders.length = 0;
    if (same.node === node) return same;
    made.inbox = same.inbox;
    return made;
  });
  node.queued = node.inputs.reduce((sum, { inbox }) => sum + inbox.count, 0);
}

function edgeOf({ edges }: RunPlan, at: number, producers: readonly Producer[], known: EdgeRun | undefined): EdgeRun {
  const { from, fromPort, to: toIndex, toPort, feedback = false } = edges[at]!;
  const to = producers[toIndex] as NodeRun;
  const input = to.inputs.find((port) => port.name === toPort && port.feedback === feedback)!;
  const ends = { index: at, from: producers[from]!, fromPort, to, input, toPort, feedback };
  if (known === undefined) return newEdge(ends);
  return Object.assign(known, { index: at, from: ends.from, to, input });
}

/** Inboxes name edges by their index. One that is gone, and of which something waits, stands behind the others. */
function renumber(old: Wiring, edges: readonly EdgeRun[], nodes: readonly NodeRun[]): EdgeRun[] {
  const all = [...edges];
  const at = new Map(edges.map((edge, index) => [edge, index]));
  const to = (index: number) => {
    const edge = old.everyEdge[index]!;
    const now = at.get(edge) ?? all.push(edge) - 1;
    at.set(edge, now);
    return now;
  };
  for (const { inputs } of nodes) for (const { inbox } of inputs) inbox.renumber(to);
  return all;
}

function connect(producers: readonly Producer[], edges: readonly EdgeRun[]) {
  for (const one of producers) one.disconnect();
  for (const edge of edges) {
    edge.from.connect(edge);
    if (!edge.feedback) edge.input.feeders.push(edge.from);
  }
}

/** What a node emits by knows its edges; a node with calls under way is none whose edges change. */
function setSlots(scheduler: Scheduler, node: NodeRun) {
  if (node.inFlight > 0 && node.slots.length > 0) return;
  node.clearSlots();
  addSlots(scheduler, node);
}
