import type { Diagnostic, Place } from "../diagnostic.ts";
import type { Draft, DraftEdge, DraftNode } from "../draft.ts";
import { type Arrow, successors } from "../topology.ts";

export type Report = (finding: Omit<Diagnostic, "severity"> & { severity?: Diagnostic["severity"] }) => void;

/** One static check of a whole graph. It reports every finding and never throws. */
export type Rule = (draft: Draft, report: Report) => void;

/** `undefined` when the plugin could not be resolved and the graph does not say. */
export function isSource(node: DraftNode): boolean | undefined {
  if (node.definition) return node.definition.kind === "source";
  return node.kind === undefined ? undefined : node.kind === "source";
}

/**
 * Where a finding about both ends of an edge belongs: at the interceptor when one end is one, for that is what can be
 * changed.
 */
export function whereOf({ from, to, place, path }: DraftEdge, { nodes }: Draft): { place: Place; path: string } {
  const interceptor = [nodes[to.node], nodes[from.node]].find((node) => node?.intercepts !== undefined);
  return interceptor === undefined ? { place, path } : { place: interceptor.place, path: interceptor.path };
}

/** Arrows between nodes that exist, without those from a node to itself. */
export function arrows(draft: Draft): Arrow[] {
  const list: Arrow[] = [];
  for (const { from, to } of draft.edges) {
    if (from.node !== -1 && to.node !== -1 && from.node !== to.node) list.push([from.node, to.node]);
  }
  return list;
}

export function nextNodes(draft: Draft): number[][] {
  return successors(draft.nodes.length, arrows(draft));
}
