import * as v from "valibot";
import type { GraphPlan, PlanEdge, PlanNode, RuntimeOptions } from "../../graph/plan.ts";
import { ANY, defineNode, type NodeDefinition, type NodeKind, port } from "../../node/index.ts";
import { Inlet } from "./inlet.ts";
import { type Link, linkName } from "./link.ts";
import { Outlet } from "./outlet.ts";
import type { OutletEvents } from "./outlet_events.ts";

/** Packets of two calls and of the one that gathers meanwhile; each costs about half a kB while it waits. */
const UNCOMMITTED = 3_072;

/** A plan as it is run: every durable edge is two nodes, one that writes rows and one that reads them. */
export interface RunPlan extends GraphPlan {
  /** Hidden nodes by index, and the edge each belongs to. */
  readonly ends: ReadonlyMap<number, PlanEdge>;
  /** Index of the edge behind the outlet, by that of the durable edge. */
  readonly behind: ReadonlyMap<number, number>;
}

/** Opens durable edges: `a -> b` becomes `a -> inlet` and `outlet -> b`. Order, acks and backpressure are the engine's. */
export function expandDurable(
  plan: GraphPlan,
  links: ReadonlyMap<number, Link>,
  eventsOf: (link: Link) => OutletEvents,
): RunPlan {
  const nodes = [...plan.nodes];
  const edges = [...plan.edges];
  const ends = new Map<number, PlanEdge>();
  const behind = new Map<number, number>();
  for (const edge of plan.edges) {
    if (edge.durable === undefined) continue;
    const link = links.get(edge.index);
    if (link === undefined) throw new Error(`edge ${linkName(plan, edge)} is durable and was given no queue`);
    const inlet = hidden(nodes, edge.place, link.name, inletOf(link));
    const outlet = hidden(nodes, edge.place, link.name, outletOf(link, eventsOf(link)));
    for (const { index } of [inlet, outlet]) ends.set(index, edge);
    behind.set(edge.index, edges.length);
    edges.push({ ...edge, index: edges.length, from: outlet.index, fromPort: "out" });
    edges[edge.index] = { ...edge, to: inlet.index, toPort: "in" };
  }
  return { ...plan, nodes, edges, ranks: ranksOf(plan, nodes, ends), ends, behind };
}

/** An inlet comes right after the node before its edge; sources need no rank, and an outlet is one. */
function ranksOf(plan: GraphPlan, nodes: readonly PlanNode[], ends: RunPlan["ends"]): number[] {
  const height = ({ index }: PlanNode) => {
    const edge = ends.get(index);
    return edge === undefined ? plan.ranks[index]! : plan.ranks[edge.from]! + 0.5;
  };
  const ranks: number[] = [];
  const byHeight = [...nodes].sort((a, b) => height(a) - height(b) || a.index - b.index);
  for (const [rank, { index }] of byHeight.entries()) ranks[index] = rank;
  return ranks;
}

/** Adds a node that stands in no file. */
export function hidden(nodes: PlanNode[], place: PlanEdge["place"], id: string, definition: NodeDefinition): PlanNode {
  const [inputs, outputs] = [Object.keys(definition.inputs), Object.keys(definition.outputs({}))];
  const made = { index: nodes.length, id, definition, config: {}, runtime: RUNTIME, inputs, outputs };
  const node: PlanNode = { ...made, origin: "built_in", place };
  nodes.push(node);
  return node;
}

const RUNTIME: RuntimeOptions = {
  inbox: { capacity: 256, max_bytes: 64 * 1024 * 1024, overflow: "block" },
  concurrency: UNCOMMITTED,
  // Rows are in the order of the calls; when a call ends matters to nobody behind it.
  ordered: false,
  on_error: "dead_letter",
  max_retries: 0,
  restart: { max_restarts: 0, window_sec: 60, backoff_ms: 500, backoff_max_ms: 30_000 },
};

const base = { name: "durable_edge", config: v.strictObject({}), doc: "An end of a durable edge.", examples: [] };

function inletOf(link: Link): NodeDefinition {
  const kind: NodeKind = "sink";
  return defineNode({
    ...{ ...base, kind, inputs: { in: port(ANY, "Packets to keep.") } },
    create: (_, context) => new Inlet(link, context),
  });
}

/** The far end of `link` as a node. */
export function outletOf(link: Link, events: OutletEvents): NodeDefinition {
  return defineNode({
    ...{ ...base, kind: "source", outputs: { out: port(ANY, "Packets that were kept.") } },
    create: (_, context) => new Outlet(link, context, events),
  });
}
