import type { Draft, DraftEdge, DraftNode } from "../draft.ts";
import { breaksCycles, rankLoops } from "../loops.ts";
import { cyclicGroups } from "../topology.ts";
import { nextNodes, type Report, type Rule } from "./rule.ts";

/** What cannot stand on a cycle, and what has no effect there or elsewhere. */
export const cycleSettings: Rule = (draft, report) => {
  const closing = closingEdges(draft);
  for (const node of draft.nodes) {
    const closes = closing.filter(({ to }) => to.node === node.index);
    if (node.runtimeKeys.includes("max_hops") && closes.length === 0) reportHops(node, report);
    if (closes.length > 0 && node.inboxKeys.includes("overflow")) reportOverflow(draft, node, closes, report);
  }
  reportDurable(draft, report);
};

/** Edges that close a cycle; none while a cycle passes no delay, which is reported by itself. */
function closingEdges({ nodes, edges }: Draft): DraftEdge[] {
  const joined = edges.filter(({ from, to }) => from.node !== -1 && to.node !== -1 && from.node !== to.node);
  const arrows = joined.map(({ from, to }) => [from.node, to.node] as const);
  const breaks = nodes.map(({ definition, kind }) => breaksCycles(definition?.kind ?? kind));
  const feedback = rankLoops(arrows, breaks)?.feedback;
  return joined.filter((_, at) => feedback?.[at]);
}

function reportHops(node: DraftNode, report: Report) {
  report({
    code: "RUNTIME_UNUSED",
    severity: "warning",
    message: `Setting runtime.max_hops of "${node.id}" has no effect as the node closes no cycle`,
    place: node.at(["runtime", "max_hops"], "key"),
    path: `${node.path}.runtime.max_hops`,
    hint: "it belongs to a node of kind delay or initial on the cycle",
  });
}

/** Whoever waits for room behind it would wait for itself. */
function reportOverflow({ nodes }: Draft, node: DraftNode, closes: readonly DraftEdge[], report: Report) {
  const from = [...new Set(closes.map((edge) => `"${nodes[edge.from.node]!.id}"`))].join(" and ");
  report({
    code: "RUNTIME_UNUSED",
    severity: "warning",
    message: `Setting runtime.inbox.overflow of "${node.id}" does not hold for what comes from ${from} as that closes a cycle: with no room there a packet becomes a dead letter (loop_full)`,
    place: node.at(["runtime", "inbox", "overflow"], "key"),
    path: `${node.path}.runtime.inbox.overflow`,
    hint: "a loop that fills its inbox makes more than it takes; remove the setting unless other edges lead here",
  });
}

function reportDurable(draft: Draft, report: Report) {
  const groups = new Map(cyclicGroups(nextNodes(draft)).flatMap((group, at) => group.map((node) => [node, at])));
  for (const edge of draft.edges) {
    const { from, to, durable, path } = edge;
    const group = groups.get(from.node);
    if (!durable || group === undefined || group !== groups.get(to.node)) continue;
    const [a, b] = [draft.nodes[from.node]!, draft.nodes[to.node]!];
    report({
      code: "DURABLE_IN_CYCLE",
      message: `Cannot keep the edge from ${a.id} to ${b.id} on disk as it lies on a cycle`,
      place: edge.at("durable"),
      path,
      hint: "make an edge durable that leads into the cycle or out of it",
    });
  }
}
