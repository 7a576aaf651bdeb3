import { type DroppedCell, droppedCells } from "./cell_changes.ts";
import { type TakenOver, takenOver } from "./claims.ts";
import type { DurableOptions, GraphPlan, PlanEdge, PlanNode, RuntimeOptions } from "./plan.ts";

/** What becomes of the state a node has: `none` when it keeps none. */
export type StateFate = "none" | "carried" | "dropped";

/** What becomes of one node. */
export type NodeChange = { readonly node: string } & (
  | { readonly what: "kept" }
  /** The instance stays; these keys of its runtime change. */
  | { readonly what: "reconfigured"; readonly keys: readonly string[] }
  | {
      readonly what: "replaced";
      readonly because: readonly string[];
      readonly state: StateFate;
      /** Why its state is dropped. */
      readonly why?: string;
      readonly takes?: readonly TakenOver[];
    }
  | { readonly what: "added"; readonly takes?: readonly TakenOver[] }
  | { readonly what: "removed"; readonly state: Exclude<StateFate, "carried"> }
);

/**
 * What becomes of a durable edge and its backlog. `drained`: the edge goes, and the node behind it stays, so what waits
 * is delivered before the change. `orphaned`: rows stay on the disk, and nobody reads them.
 */
export interface QueueChange {
  readonly queue: string;
  readonly what: "kept" | "drained" | "orphaned" | "new";
  /** The name it had; the file is the same. */
  readonly was?: string;
  /** Options that change; they are those of the file, which is opened with them. */
  readonly keys?: readonly string[];
}

/** How a graph differs from another. */
export interface GraphChanges {
  readonly nodes: readonly NodeChange[];
  readonly queues: readonly QueueChange[];
  /** Edges, durable ones too, as `a.out->b.in`. */
  readonly edges: { readonly added: readonly string[]; readonly removed: readonly string[] };
  readonly cells: readonly DroppedCell[];
  /** Keys of the graph that differ. */
  readonly settings: readonly string[];
}

export interface ChangesOptions {
  /** A hash of the files that a node reads, such as a model; nodes that read none have none. */
  readonly contents?: { readonly old: ReadonlyMap<string, string>; readonly new: ReadonlyMap<string, string> };
  /** The file of a durable edge. Without it an edge is known by its path, or by its ends. */
  readonly fileOf?: (plan: GraphPlan, edge: PlanEdge) => string;
}

/** The name of an edge wherever a person meets it. */
export function edgeName({ nodes }: Pick<GraphPlan, "nodes">, edge: PlanEdge): string {
  return `${nodes[edge.from]!.id}.${edge.fromPort}->${nodes[edge.to]!.id}.${edge.toPort}`;
}

/** What it takes to make one graph out of another. Looks at nothing but the two, and changes none. */
export function changesOf(before: GraphPlan, after: GraphPlan, options: ChangesOptions = {}): GraphChanges {
  const old = new Map(before.nodes.map((node) => [node.id, node]));
  const ids = new Set(after.nodes.map(({ id }) => id));
  const gone = before.nodes.filter(({ id }) => !ids.has(id));
  const nodes = [...after.nodes.map((node) => nodeChange(old.get(node.id), node, options)), ...gone.map(removed)];
  return {
    nodes: withTaken(before, after, nodes),
    queues: queueChanges(before, after, options),
    edges: edgeChanges(before, after),
    cells: droppedCells(before, after),
    settings: SETTINGS.filter((key) => differ(before[key], after[key])),
  };
}

/** Says which nodes take over what others have. */
function withTaken(before: GraphPlan, after: GraphPlan, nodes: readonly NodeChange[]): NodeChange[] {
  const ids = (...kinds: NodeChange["what"][]) =>
    new Set(nodes.filter(({ what }) => kinds.includes(what)).map(({ node }) => node));
  const taken = takenOver([before, ids("replaced", "removed")], [after, ids("replaced", "added")]);
  return nodes.map((one) => {
    const takes = taken.get(one.node);
    return takes === undefined || (one.what !== "replaced" && one.what !== "added") ? one : { ...one, takes };
  });
}

const SETTINGS = ["name", "baseDir", "compat", "profile", "event_time", "checkpoint", "cells", "http"] as const;

/** True when nothing is to be done. */
export function isUnchanged({ nodes, edges, queues, settings }: GraphChanges): boolean {
  const same = nodes.every(({ what }) => what === "kept") && queues.every(({ keys, was }) => !keys && !was);
  return same && edges.added.length + edges.removed.length + settings.length === 0;
}

/** Nodes whose state would be lost. */
export const droppedStates = ({ nodes }: GraphChanges) =>
  nodes.filter((one) => "state" in one && one.state === "dropped");

const differ = (one: unknown, other: unknown) => !Bun.deepEquals(one, other, true);
const hasState = ({ definition }: PlanNode) => definition.stateVersion !== undefined;

const removed = (node: PlanNode): NodeChange => ({
  node: node.id,
  what: "removed",
  state: hasState(node) ? "dropped" : "none",
});

function nodeChange(old: PlanNode | undefined, node: PlanNode, { contents }: ChangesOptions): NodeChange {
  const { id } = node;
  if (old === undefined) return { node: id, what: "added" };
  const because = [...reasons(old, node)];
  if (contents !== undefined && contents.old.get(id) !== contents.new.get(id)) because.push("a file that it reads");
  if (because.length > 0) return { node: id, what: "replaced", because, ...stateOf(old, node) };
  const keys = changedKeys(old.runtime, node.runtime);
  return keys.length === 0 ? { node: id, what: "kept" } : { node: id, what: "reconfigured", keys };
}

/** Why the instance of a node cannot go on as that of another. */
function* reasons(old: PlanNode, node: PlanNode): Generator<string> {
  if (old.definition.name !== node.definition.name) {
    yield `it is a ${node.definition.name} instead of a ${old.definition.name}`;
    return;
  }
  if (codeOf(old) !== codeOf(node)) yield "the code of its plugin";
  if (differ(old.config, node.config)) yield configKeys(old.config, node.config);
  if (differ(old.outputs, node.outputs) || differ(old.inputs, node.inputs)) yield "its ports";
  if (old.folder !== node.folder) yield "the folder its files are in";
  // It stands around the instance, which knows it by what it is told of packets.
  if (differ(old.runtime.delivery, node.runtime.delivery)) yield "runtime.delivery";
}

const codeOf = ({ origin }: PlanNode) => (origin === "built_in" ? origin : origin.sha256);

function configKeys(old: unknown, now: unknown): string {
  const keys = changedKeys(Object(old) as object, Object(now) as object);
  return keys.length === 0 ? "config" : keys.map((key) => `config.${key}`).join(", ");
}

function changedKeys(old: RuntimeOptions | object, now: RuntimeOptions | object): string[] {
  const [left, right] = [old, now] as Record<string, unknown>[];
  const keys = [...new Set([...Object.keys(left!), ...Object.keys(right!)])];
  return keys.filter((key) => differ(left![key], right![key]));
}

function stateOf(old: PlanNode, node: PlanNode): { state: StateFate; why?: string } {
  if (!hasState(old)) return { state: "none" };
  const [kind, version] = [node.definition.name, node.definition.stateVersion];
  if (old.definition.name !== kind) return { state: "dropped", why: `it is of a ${old.definition.name}` };
  if (version === undefined) return { state: "dropped", why: `this ${kind} keeps none` };
  if (old.definition.stateVersion !== version) {
    const why = `it is of version ${old.definition.stateVersion}, and this ${kind} reads version ${version}`;
    return { state: "dropped", why };
  }
  return { state: "carried" };
}

function edgeChanges(before: GraphPlan, after: GraphPlan): GraphChanges["edges"] {
  // One that becomes durable, or is no longer, is another edge.
  const written = (plan: GraphPlan) =>
    plan.edges.map((edge) => `${edgeName(plan, edge)}${edge.durable ? " (durable)" : ""}`);
  const [old, now] = [written(before), written(after)];
  return { added: now.filter((name) => !old.includes(name)), removed: old.filter((name) => !now.includes(name)) };
}

interface Queue {
  readonly name: string;
  readonly file: string;
  readonly options: DurableOptions;
  readonly to: string;
  readonly port: string;
}

function queuesOf(plan: GraphPlan, { fileOf }: ChangesOptions): Queue[] {
  return plan.edges.flatMap((edge) => {
    const { durable: options, payloadRefOver } = edge;
    if (options === undefined) return [];
    const name = edgeName(plan, edge);
    const file = fileOf?.(plan, edge) ?? options.path ?? name;
    const spilled = payloadRefOver === undefined ? {} : { payload_ref: payloadRefOver };
    return [{ name, file, options: { ...options, ...spilled }, to: plan.nodes[edge.to]!.id, port: edge.toPort }];
  });
}

function queueChanges(before: GraphPlan, after: GraphPlan, options: ChangesOptions): QueueChange[] {
  const [old, now] = [queuesOf(before, options), queuesOf(after, options)];
  const gone = old.filter(({ file }) => !now.some((one) => one.file === file));
  const inputs = new Map(after.nodes.map(({ id, inputs }) => [id, inputs]));
  return [
    ...now.map((queue) =>
      queueChange(
        old.find(({ file }) => file === queue.file),
        queue,
      ),
    ),
    ...gone.map(({ name, to, port }): QueueChange => {
      return { queue: name, what: inputs.get(to)?.includes(port) ? "drained" : "orphaned" };
    }),
  ];
}

function queueChange(old: Queue | undefined, { name, options }: Queue): QueueChange {
  if (old === undefined) return { queue: name, what: "new" };
  const keys = changedKeys(old.options, options).filter((key) => key !== "path");
  return {
    ...{ queue: name, what: "kept" },
    ...(old.name === name ? {} : { was: old.name }),
    ...(keys.length === 0 ? {} : { keys }),
  };
}
