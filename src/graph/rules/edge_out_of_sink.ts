import type { Draft, DraftNode } from "../draft.ts";
import type { Rule } from "./rule.ts";

/** A node without outputs ends packets. The predecessor let such an edge stand: it never carried anything. */
export const edgeOutOfSink: Rule = (draft, report) => {
  for (const { from, path } of draft.edges) {
    const node = draft.nodes[from.node];
    if (!node || !endsPackets(draft, node)) continue;
    const refused = isRefused(draft, node);
    report({
      code: "EDGE_OUT_OF_SINK",
      severity: refused ? "error" : "warning",
      message: `Cannot connect an edge out of "${node.id}" (${node.plugin}) as it sends no packets${refused ? "" : ": the edge is left out"}`,
      place: from.place,
      path: `${path}.from`,
      hint: node.definition?.kind === "sink" ? "if the node has a forward setting, set it to true" : "remove the edge",
    });
  }
};

function isRefused({ compat }: Draft, node: DraftNode): boolean {
  return !compat || node.kind === "sink";
}

/** True when an edge out of the node is an error, and so no part of a way through the graph. */
export function neverSends(draft: Draft, node: DraftNode): boolean {
  return endsPackets(draft, node) && isRefused(draft, node);
}

function endsPackets({ compat }: Draft, node: DraftNode): boolean {
  if (compat && node.kind === "sink") return true;
  return node.outputs !== undefined && Object.keys(node.outputs).length === 0;
}
