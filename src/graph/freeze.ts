import { usesOf } from "./cell_use.ts";
import type { Draft } from "./draft.ts";
import { breaksCycles, rankLoops } from "./loops.ts";
import type { CellPlan, GraphPlan, PlanEdge, PlanNode } from "./plan.ts";
import { pushDown } from "./push_down.ts";

/** What of a plan does not come from nodes and edges. */
export type PlanHead = Pick<
  GraphPlan,
  "name" | "path" | "baseDir" | "compat" | "hash" | "files" | "profile" | "http" | "event_time" | "checkpoint"
>;

/**
 * Turns a draft without errors into the plan that the engine runs; `standIns` are sources that something else stands
 * for. Throws when the draft has errors.
 */
export function freezePlan(head: PlanHead, draft: Draft, standIns: readonly string[] = []): GraphPlan {
  const { configs, into } = pushDown(draft, standIns);
  const nodes: PlanNode[] = draft.nodes.map((node) => {
    const { index, id, definition, config, runtime, origin, place, scope, folder } = node;
    if (!definition || !config) throw new Error(`node "${id}" is not resolved`);
    const outputs = Object.freeze(Object.keys(node.outputs ?? {}));
    const inputs = Object.freeze(Object.keys(node.inputs ?? {}));
    const source = into.get(index);
    const kept = {
      config: configs.get(index) ?? config.value,
      ...(source === undefined ? {} : { absorbedInto: source }),
      ...(scope === undefined ? {} : { scope }),
      ...(folder === undefined ? {} : { folder }),
      ...(node.intercepts === undefined ? {} : { intercepts: node.intercepts }),
    };
    return Object.freeze({ index, id, definition, ...kept, runtime, outputs, inputs, origin, place });
  });
  const { edges, ranks } = ranked(planEdges(draft), nodes);
  return Object.freeze({
    ...head,
    nodes: Object.freeze(nodes),
    edges: Object.freeze(edges),
    ranks: Object.freeze(ranks),
    ...(draft.cells.length === 0 ? {} : { cells: planCells(draft) }),
  });
}

/** The cells of the blackboard, with who uses them. */
function planCells({ cells, nodes }: Draft): readonly CellPlan[] {
  const uses = usesOf(nodes);
  const users = (name: string) => uses.get(name) ?? { readers: [], writers: [] };
  return Object.freeze(cells.map(({ name, options }) => Object.freeze({ ...options, ...users(name) })));
}

/** Ranks nodes, and marks the edges that close a cycle. */
function ranked(edges: readonly PlanEdge[], nodes: readonly PlanNode[]): { edges: PlanEdge[]; ranks: number[] } {
  const arrows = edges.map(({ from, to }) => [from, to] as const);
  const loops = rankLoops(
    arrows,
    nodes.map(({ definition }) => breaksCycles(definition.kind)),
  );
  if (!loops) throw new Error("the graph has a cycle without a delay");
  const { ranks, feedback } = loops;
  return { ranks, edges: edges.map((edge, at) => Object.freeze(feedback[at] ? { ...edge, feedback: true } : edge)) };
}

/** Edges in file order; one that leaves a node without outputs (a warning in old graphs) is left out. */
function planEdges({ edges }: Draft): PlanEdge[] {
  const plan: PlanEdge[] = [];
  for (const { from, to, place, durable, payloadRefOver } of edges) {
    if (from.port === undefined || to.port === undefined) continue;
    const ends = { from: from.node, fromPort: from.port, to: to.node, toPort: to.port };
    const kept = { ...(durable ? { durable } : {}), ...(payloadRefOver === undefined ? {} : { payloadRefOver }) };
    plan.push({ index: plan.length, ...ends, ...kept, place });
  }
  return plan;
}
