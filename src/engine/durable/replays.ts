import type { DurableOptions, GraphPlan, PlanEdge } from "../../graph/plan.ts";
import { ANY, type NodeDefinition, type Port, port } from "../../node/index.ts";
import type { Queue } from "../../store/index.ts";
import { hidden, outletOf, type RunPlan } from "./expand.ts";
import { type Link, newLink } from "./link.ts";
import type { OutletEvents } from "./outlet_events.ts";

/** Dead letters of one input stay in order; its name is the partition of their rows. */
const inputName = (node: string, input: string) => `${node}.${input}`;

/** A replayed letter gets one try: it failed before, and whoever replays it looks at it. */
const OPTIONS: DurableOptions = {
  durability: "full",
  partition_by: "source_id",
  ordered: true,
  max_bytes: Number.POSITIVE_INFINITY,
  min_free: 0,
  overflow: "block",
  max_attempts: 1,
  backoff_ms: 500,
  backoff_max_ms: 10_000,
  remember_ms: 3_600_000,
  order: "oldest_first",
};

/** The queue of dead letters as a link: its ready rows are those to replay. */
export function lettersLink(queue: Queue): Link {
  return newLink({ index: -1, options: OPTIONS, name: "dead_letters", queue });
}

/** Says why a graph cannot take a letter. */
export function refusalOf({ name, nodes }: GraphPlan): Link["refuse"] {
  const inputs = new Set(nodes.flatMap(({ id, inputs }) => inputs.map((input) => inputName(id, input))));
  return ({ partition }) =>
    inputs.has(partition) ? undefined : `graph ${name} has no input ${partition} to replay it into`;
}

/** Adds a source that leads to every input of the graph and delivers what is to be replayed. */
export function withReplays(plan: RunPlan, link: Link, eventsOf: (link: Link) => OutletEvents): RunPlan {
  const targets = plan.nodes.filter(({ index }) => !plan.ends.has(index));
  const names = targets.flatMap(({ id, inputs }) => inputs.map((input) => inputName(id, input)));
  const [first] = targets;
  if (first === undefined || names.length === 0) return plan;
  const nodes = [...plan.nodes];
  const ports = Object.fromEntries(names.map((name): [string, Port] => [name, port(ANY, "Dead letters to replay.")]));
  const definition: NodeDefinition = { ...outletOf(link, eventsOf(link)), outputs: () => ports };
  const { index: from, place } = hidden(nodes, first.place, link.name, definition);
  const edges: PlanEdge[] = [...plan.edges];
  for (const { index: to, id, inputs } of targets) {
    for (const toPort of inputs) {
      edges.push({ index: edges.length, from, fromPort: inputName(id, toPort), to, toPort, place });
    }
  }
  const ends = new Map([...plan.ends, [from, edges.at(-1)!] as const]);
  // A source has no rank; the highest disturbs nobody's.
  return { ...plan, nodes, edges, ends, ranks: [...plan.ranks, plan.ranks.length] };
}
