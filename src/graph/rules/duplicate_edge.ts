import type { DraftEdge } from "../draft.ts";
import type { Rule } from "./rule.ts";

/** Legal, and every packet then arrives twice, which is seldom meant. */
export const duplicateEdge: Rule = ({ nodes, edges }, report) => {
  const first = new Map<string, DraftEdge>();
  for (const edge of edges) {
    const { from, to } = edge;
    if (from.node === -1 || to.node === -1) continue;
    const key = JSON.stringify([from.node, from.port, to.node, to.port]);
    const other = first.get(key);
    if (!other) {
      first.set(key, edge);
      continue;
    }
    report({
      code: "DUPLICATE_EDGE",
      severity: "warning",
      message: `Edge from "${nodes[from.node]!.id}" to "${nodes[to.node]!.id}" stands twice: each packet arrives twice`,
      place: edge.place,
      path: edge.path,
      hint: "remove one of them unless that is meant",
      related: [{ place: other.place, message: "first here" }],
    });
  }
};
