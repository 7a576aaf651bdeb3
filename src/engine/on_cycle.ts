import type { GraphPlan, PlanEdge } from "../graph/plan.ts";

/** Nodes from which one of `starts` can be reached against (`from`) or along (`to`) the edges, those included. */
function spread(starts: Iterable<number>, edges: readonly PlanEdge[], way: "from" | "to"): Set<number> {
  const back = way === "from" ? "to" : "from";
  const next = Map.groupBy(edges, (edge) => edge[back]);
  const seen = new Set(starts);
  // What is added is looked at as well.
  for (const node of seen) for (const edge of next.get(node) ?? []) seen.add(edge[way]);
  return seen;
}

/** Nodes that lie on a cycle, or between two: behind an edge that closes one and before such an edge. */
export function nodesOnCycles({ edges }: Pick<GraphPlan, "edges">): Set<number> {
  const closing = edges.filter(({ feedback }) => feedback);
  const behind = spread(
    closing.map(({ to }) => to),
    edges,
    "to",
  );
  return behind.intersection(
    spread(
      closing.map(({ from }) => from),
      edges,
      "from",
    ),
  );
}

/** Everything that leads to `node`, itself included. */
export const leadingTo = (node: number, { edges }: Pick<GraphPlan, "edges">) => spread([node], edges, "from");
