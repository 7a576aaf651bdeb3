import type { GraphPlan, PlanEdge, PlanNode } from "../graph/plan.ts";
import { EdgeCounters, NodeCounters } from "../observe/index.ts";
import { makeSlot } from "./fanout.ts";
import { Inbox } from "./inbox.ts";
import type { Loops } from "./loops.ts";
import { NodeRun } from "./node_run.ts";
import { leadingTo, nodesOnCycles } from "./on_cycle.ts";
import type { EdgeRun, Producer } from "./producer.ts";
import type { Scheduler } from "./scheduler.ts";
import { SourceRun } from "./source_run.ts";

/** The running counterpart of a plan, nodes in declaration order. */
export interface Wiring {
  producers: Producer[];
  sources: SourceRun[];
  nodes: NodeRun[];
  edges: EdgeRun[];
  /** These, and those of an earlier graph of which packets still wait: inboxes name edges by their index here. */
  everyEdge: readonly EdgeRun[];
}

export interface WiringEvents {
  /** A source found something outside a turn. */
  onWork(): void;
  /** A source's iterator threw or rejected. */
  onSourceError(source: SourceRun, error: unknown): void;
}

/** A node that is not created yet. A negative rank: it is no part of the graph that runs. */
export function newProducer(
  node: PlanNode,
  rank: number,
  { refresh }: Pick<Scheduler, "refresh">,
  { onWork, onSourceError }: WiringEvents,
): SourceRun | NodeRun {
  const counters = new NodeCounters();
  return node.definition.kind === "source"
    ? new SourceRun(node, counters, onWork, onSourceError)
    : new NodeRun(node, rank, counters, refresh);
}

/** Makes inboxes and edges of a plan. Nothing runs yet, no node is created. */
export function wire(plan: GraphPlan, scheduler: Scheduler, events: WiringEvents): Wiring {
  const producers = plan.nodes.map((node) => newProducer(node, plan.ranks[node.index]!, scheduler, events));
  const nodes = producers.filter((producer) => producer instanceof NodeRun);
  for (const node of nodes) addInputs(node, plan.edges);
  const edges = plan.edges.map((edge): EdgeRun => {
    const to = producers[edge.to] as NodeRun;
    const { index, fromPort, toPort, feedback = false } = edge;
    const input = to.inputs.find((port) => port.name === toPort && port.feedback === feedback)!;
    return newEdge({ index, from: producers[edge.from]!, fromPort, to, input, toPort, feedback });
  });
  for (const edge of edges) {
    edge.from.connect(edge);
    if (!edge.feedback) edge.input.feeders.push(edge.from);
  }
  wireLoops(plan, producers, nodes, scheduler.loops);
  for (const node of nodes) addSlots(scheduler, node);
  scheduler.schedule(byRank(nodes, plan.nodes.length), edges);
  return {
    producers,
    sources: producers.filter((producer) => producer instanceof SourceRun),
    nodes,
    edges,
    everyEdge: edges,
  };
}

type Ends = Pick<EdgeRun, "index" | "from" | "fromPort" | "to" | "input" | "toPort" | "feedback">;

/** An edge over which nothing went yet. */
export function newEdge(ends: Ends): EdgeRun {
  const { from, fromPort, to, toPort } = ends;
  const mark = Bun.hash.crc32(`${from.id}.${fromPort}>${to.id}.${toPort}`).toString(36);
  return { ...ends, mark, counters: new EdgeCounters(), queued: 0, held: 0 };
}

/** Input ports that the edges of a plan ask for. */
export function addInputs(node: NodeRun, edges: readonly PlanEdge[]) {
  const { inbox } = node.plan.runtime;
  const add = (name: string, feedback: boolean) =>
    node.inputs.push({ feedback, name, inbox: new Inbox(inbox), node, feeders: [], shut: false });
  for (const name of node.plan.inputs) {
    const into = edges.filter(({ to, toPort }) => to === node.index && toPort === name);
    if (into.length === 0 || into.some(({ feedback }) => !feedback)) add(name, false);
    if (into.some(({ feedback }) => feedback)) add(name, true);
  }
}

/** Nodes on cycles pass the counts of their packets on, and sources before a cycle wait for what goes round. */
export function wireLoops(plan: GraphPlan, producers: readonly Producer[], nodes: readonly NodeRun[], loops: Loops) {
  if (!plan.edges.some(({ feedback }) => feedback)) return;
  for (const index of nodesOnCycles(plan)) (producers[index] as NodeRun).loops = loops;
  for (const { inputs, index } of nodes) {
    const closing = inputs.filter(({ feedback }) => feedback);
    if (closing.length === 0) continue;
    const sources = [...leadingTo(index, plan)].map((at) => producers[at]!).filter((one) => one instanceof SourceRun);
    for (const { feeders } of closing) feeders.push(...sources);
  }
}

export function addSlots(scheduler: Scheduler, node: NodeRun) {
  for (let slot = 0; slot < node.plan.runtime.concurrency; slot++) node.addSlot(makeSlot(scheduler, node));
}

export function byRank(nodes: readonly NodeRun[], size: number): NodeRun[] {
  const ranked: NodeRun[] = new Array(size);
  for (const node of nodes) ranked[node.rank] = node;
  return ranked;
}
