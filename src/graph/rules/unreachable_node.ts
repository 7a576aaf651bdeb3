import type { Draft } from "../draft.ts";
import { reachable } from "../topology.ts";
import { isSource, nextNodes, type Rule } from "./rule.ts";

/** A node that has edges leading in, but none that come from a source in the end. */
export const unreachableNode: Rule = (draft, report) => {
  const { compat, nodes, incomplete } = draft;
  const starts = startsOf(draft);
  // Without a source nothing is reachable, and that is said once.
  if (starts.length === 0 || incomplete) return;
  const seen = reachable(starts, nextNodes(draft));
  for (const node of nodes) {
    if (seen[node.index]) continue;
    report({
      code: "UNREACHABLE_NODE",
      severity: compat ? "warning" : "error",
      message: `Node "${node.id}" never gets a packet as no source leads to it`,
      place: node.place,
      path: node.path,
      hint: "connect it to a source, or remove it",
    });
  }
};

/**
 * Sources, nodes that may be one, those that send a packet of their own first, nodes behind an edge whose start is
 * unknown, and heads reported as unconnected.
 */
function startsOf({ nodes, edges }: Draft): number[] {
  const hasInput = new Set(edges.map(({ to }) => to.node));
  const sources = nodes.filter((node) => isSource(node) !== false).map((node) => node.index);
  if (sources.length === 0) return [];
  const first = nodes
    .filter(({ definition, kind }) => (definition?.kind ?? kind) === "initial")
    .map(({ index }) => index);
  const heads = nodes.filter((node) => !hasInput.has(node.index)).map((node) => node.index);
  const fromUnknown = edges.filter(({ from, to }) => from.node === -1 && to.node !== -1).map(({ to }) => to.node);
  return [...new Set([...sources, ...first, ...heads, ...fromUnknown])];
}
