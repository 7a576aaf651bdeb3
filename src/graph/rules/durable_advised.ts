import type { Draft, DraftEdge } from "../draft.ts";
import type { Rule } from "./rule.ts";

/** Who is told that a packet is safe waits for a sink outside, as long as that is away, unless an edge keeps it. */
export const durableAdvised: Rule = (draft, report) => {
  const { nodes } = draft;
  for (const source of nodes) {
    if (!source.definition?.acknowledges) continue;
    const edge = bareWayOut(draft, source.index);
    if (edge === undefined) continue;
    const [maker, sink] = [nodes[edge.from.node]!.id, nodes[edge.to.node]!.id];
    report({
      code: "DURABLE_ADVISED",
      severity: "warning",
      message: `Senders to "${source.id}" wait for "${sink}" as no edge between them is durable`,
      place: edge.place,
      path: edge.path,
      hint: `add durable: true to the edge from ${maker} to ${sink}, or durable: sinks to the graph; durable: false says that this is meant`,
    });
  }
};

/** The first edge into an outside sink that can be reached from `start` over edges that keep nothing. */
function bareWayOut({ nodes, edges }: Draft, start: number): DraftEdge | undefined {
  const seen = new Set([start]);
  const bySource = Map.groupBy(edges, ({ from }) => from.node);
  for (const node of seen) {
    for (const edge of bySource.get(node) ?? []) {
      if (edge.durable || edge.to.node === -1) continue;
      if (nodes[edge.to.node]?.definition?.outside && edge.durable !== false) return edge;
      seen.add(edge.to.node);
    }
  }
  return undefined;
}
