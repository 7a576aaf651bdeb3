import { durableOptions } from "../../../src/graph/durable.ts";
import type { GraphPlan } from "../../../src/graph/plan.ts";
import { plan, source, type TestNode } from "../../support/engine.ts";
import type { Branch, Pass, Yard } from "./graph.ts";
import type { YardLife } from "./life.ts";
import { failing, nodeOf, passing, sinkOf, stamping } from "./parts.ts";

/** The file of the first durable edge. */
export const INTAKE = "intake";
/** Longer than a seed lasts: whether a source is silent goes by the clock, and would move windows from run to run. */
const NEVER_IDLE_MS = 86_400_000;

interface Laid {
  readonly nodes: TestNode[];
  /** With the file of the durable ones. */
  readonly edges: [string, string | undefined][];
}

/** The plan of a graph, for one process. */
export function planOf(life: YardLife, yard: Yard): GraphPlan {
  const laid: Laid = { nodes: [], edges: [] };
  const sent = source("s", [], { create: () => life.yard.sender.source(life) });
  laid.nodes.push(sent, stamping());
  laid.edges.push(["s -> stamp", undefined]);
  const before = line(life, laid, "stamp", yard.passes.before);
  const hub = passing(life, { id: "hub", later: false });
  const inner = { ...hub, runtime: { inbox: { capacity: yard.capacity } } };
  line(life, laid, before, [...yard.passes.behind, inner], INTAKE);
  for (const branch of yard.branches) if (branch.present) layBranch(life, laid, branch, yard.bad === "restore");
  if (yard.bad === "create" || yard.bad === "open") line(life, laid, "hub", [failing(yard.bad)]);
  const made = plan(
    laid.nodes,
    laid.edges.map(([edge]) => edge),
  );
  const options = { ...durableOptions(true)!, max_attempts: yard.maxAttempts, min_free: 0, backoff_ms: 50 };
  const durable = (at: number) => {
    const file = laid.edges[at]![1];
    return file === undefined ? {} : { durable: { ...options, backoff_max_ms: 1_000, path: file } };
  };
  const opted = new Map(yard.branches.map(({ id, option }) => [id, { option }]));
  const versions = new Set(yard.branches.filter(({ kind }) => kind !== "plain").map(({ id }) => id));
  return {
    ...made,
    nodes: made.nodes.map((one) => {
      const definition = versions.has(one.id) ? one.definition : { ...one.definition, stateVersion: undefined };
      return { ...one, definition, config: opted.get(one.id) ?? {} };
    }),
    edges: made.edges.map((edge, at) => ({ ...edge, ...durable(at) })),
    checkpoint: { interval_ms: yard.intervalMs },
    event_time: { max_delay_ms: 180_000, idle_ms: NEVER_IDLE_MS },
  };
}

/** One node after the other; the edge into the first may be durable. Gives the last. */
function line(life: YardLife, laid: Laid, from: string, nodes: readonly (Pass | TestNode)[], file?: string): string {
  let last = from;
  for (const [at, one] of nodes.entries()) {
    laid.nodes.push("create" in one ? one : passing(life, one));
    laid.edges.push([`${last} -> ${one.id}`, at === 0 ? file : undefined]);
    last = one.id;
  }
  return last;
}

function layBranch(life: YardLife, laid: Laid, branch: Branch, bad: boolean) {
  const { id, durable, passes } = branch;
  const head = line(life, laid, "hub", passes.head);
  const one = nodeOf(life, branch, bad);
  laid.nodes.push(one);
  for (const port of one.inputs) laid.edges.push([`${head} -> ${id}.${port}`, undefined]);
  laid.nodes.push(passing(life, { id: `${id}t`, later: false }));
  for (const port of one.outputs) if (port !== "spare") laid.edges.push([`${id}.${port} -> ${id}t`, undefined]);
  const tail = line(life, laid, `${id}t`, passes.tail);
  line(life, laid, tail, [...passes.last, sinkOf(life, branch)], durable ? id : undefined);
}
