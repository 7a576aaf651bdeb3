import type { Draft, DraftEdge } from "../draft.ts";
import { breaksCycles } from "../loops.ts";
import { cycleThrough, cyclicGroups } from "../topology.ts";
import { neverSends } from "./edge_out_of_sink.ts";
import { isSource, nextNodes, type Report, type Rule } from "./rule.ts";

/**
 * Every way round must pass a node of kind delay or initial. Without those nodes nothing may be cyclic; where something
 * is, one way round is shown for each group of nodes that reach each other.
 */
export const cycleWithoutDelay: Rule = (draft, report) => {
  reportSelfLoops(draft, report);
  const breaks = draft.nodes.map(({ definition, kind }) => breaksCycles(definition?.kind) || breaksCycles(kind));
  const next = waysThrough(draft).map((list, from) => (breaks[from] ? [] : list.filter((to) => !breaks[to])));
  const groups = cyclicGroups(next);
  if (groups.length === 0) return;
  const between = new Map(draft.edges.map((edge) => [`${edge.from.node},${edge.to.node}`, edge]));
  for (const group of groups) report(finding(draft, cycleThrough(group, next), between));
};

/** Arrows without those that lead into a source or out of a sink: they are refused by themselves. */
function waysThrough(draft: Draft): number[][] {
  const { nodes } = draft;
  return nextNodes(draft).map((list, from) =>
    neverSends(draft, nodes[from]!) ? [] : list.filter((to) => isSource(nodes[to]!) !== true),
  );
}

function reportSelfLoops({ nodes, edges }: Draft, report: Report) {
  for (const { from, to, path } of edges) {
    if (from.node === -1 || from.node !== to.node) continue;
    report({
      code: "SELF_LOOP",
      message: `Cannot connect "${nodes[from.node]!.id}" to itself`,
      place: to.place,
      path,
      hint: "a packet would meet nothing on its way round; remove the edge, or lead it through another node",
    });
  }
}

/** Why 12: a longer way round does not fit a line; its ends say enough. */
const SHOWN_NODES = 12;

function finding({ nodes }: Draft, way: number[], between: ReadonlyMap<string, DraftEdge>): Parameters<Report>[0] {
  const ids = way.map((index) => nodes[index]!.id);
  const half = SHOWN_NODES / 2;
  const shown = ids.length > SHOWN_NODES ? [...ids.slice(0, half), "…", ...ids.slice(-half)] : ids;
  const closing = between.get(way.slice(-2).join());
  return {
    code: "CYCLE_WITHOUT_DELAY",
    message: `Cannot run the cycle ${shown.join(" -> ")} as no node on it is of kind delay or initial`,
    place: closing?.place ?? nodes[way[0]!]!.place,
    ...(closing ? { path: closing.path } : {}),
    hint: "put a delay or an initial between two of them, or remove an edge",
    related: way
      .slice(0, -1)
      .slice(0, SHOWN_NODES)
      .map((index) => ({ place: nodes[index]!.place, message: `"${nodes[index]!.id}"` })),
  };
}
