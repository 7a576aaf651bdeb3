import type { GraphPlan } from "../graph/plan.ts";
import { EdgeCounters, NodeCounters } from "../observe/index.ts";
import { makeSlot } from "./fanout.ts";
import { Inbox } from "./inbox.ts";
import { NodeRun } from "./node_run.ts";
import type { EdgeRun, InputRun, Producer } from "./producer.ts";
import type { Scheduler } from "./scheduler.ts";
import { SourceRun } from "./source_run.ts";

/** The running counterpart of a plan, nodes in declaration order. */
export interface Wiring {
  producers: Producer[];
  sources: SourceRun[];
  nodes: NodeRun[];
  edges: EdgeRun[];
}

export interface WiringEvents {
  /** A source found something outside a turn. */
  onWork(): void;
  /** A source's iterator threw or rejected. */
  onSourceError(source: SourceRun, error: unknown): void;
}

/** Makes inboxes and edges of a plan. Nothing runs yet, no node is created. */
export function wire(plan: GraphPlan, scheduler: Scheduler, events: WiringEvents): Wiring {
  const producers = plan.nodes.map((node) =>
    node.definition.kind === "source"
      ? new SourceRun(node, new NodeCounters(), events.onWork, events.onSourceError)
      : new NodeRun(node, plan.ranks[node.index]!, new NodeCounters(), scheduler.refresh),
  );
  const nodes = producers.filter((producer) => producer instanceof NodeRun);
  for (const node of nodes) addInputs(node);
  const edges = plan.edges.map((edge): EdgeRun => {
    const to = producers[edge.to] as NodeRun;
    const input = to.inputs.find((port) => port.name === edge.toPort)!;
    const { index, fromPort, toPort } = edge;
    return {
      index,
      from: producers[edge.from]!,
      fromPort,
      to,
      input,
      toPort,
      counters: new EdgeCounters(),
      mark: Bun.hash.crc32(`${producers[edge.from]!.id}.${fromPort}>${to.id}.${toPort}`).toString(36),
      queued: 0,
      held: 0,
    };
  });
  for (const edge of edges) {
    edge.from.connect(edge);
    edge.input.feeders.push(edge.from);
  }
  for (const node of nodes) addSlots(scheduler, node);
  scheduler.schedule(byRank(nodes, plan.nodes.length), edges);
  return { producers, sources: producers.filter((producer) => producer instanceof SourceRun), nodes, edges };
}

function addInputs(node: NodeRun) {
  for (const name of node.plan.inputs) {
    const input: InputRun = { name, inbox: new Inbox(node.plan.runtime.inbox), node, feeders: [], shut: false };
    node.inputs.push(input);
  }
}

function addSlots(scheduler: Scheduler, node: NodeRun) {
  for (let slot = 0; slot < node.plan.runtime.concurrency; slot++) node.addSlot(makeSlot(scheduler, node));
}

function byRank(nodes: readonly NodeRun[], size: number): NodeRun[] {
  const ranked: NodeRun[] = new Array(size);
  for (const node of nodes) ranked[node.rank] = node;
  return ranked;
}
