import type { Draft, DraftEdge, DraftNode } from "../draft.ts";
import { cycleThrough, cyclicGroups } from "../topology.ts";
import { neverSends } from "./edge_out_of_sink.ts";
import { isSource, nextNodes, type Report, type Rule } from "./rule.ts";

/**
 * Every cycle must pass a `delay` or `initial` node, and cycles that do cannot run yet.
 * One way round is shown for each group of nodes that reach each other.
 */
export const cycleWithoutDelay: Rule = (draft, report) => {
  reportSelfLoops(draft, report);
  const next = waysThrough(draft);
  // Without the nodes that break a cycle, what is still cyclic has an inner loop without one.
  const breaks = draft.nodes.map(breaksCycle);
  const unbroken = next.map((list, from) => (breaks[from] ? [] : list.filter((to) => !breaks[to])));
  const bad = cyclicGroups(unbroken);
  const inBad = new Set(bad.flat());
  const others = cyclicGroups(next).filter((group) => !group.some((node) => inBad.has(node)));
  if (bad.length + others.length === 0) return;
  const between = new Map(draft.edges.map((edge) => [`${edge.from.node},${edge.to.node}`, edge]));
  for (const group of bad) report(finding(draft, cycleThrough(group, unbroken), between, "CYCLE_WITHOUT_DELAY"));
  for (const group of others) report(finding(draft, cycleThrough(group, next), between, "CYCLE_NOT_RUNNABLE_YET"));
};

/** Arrows without those that lead into a source or out of a sink: they are refused by themselves. */
function waysThrough(draft: Draft): number[][] {
  const { nodes } = draft;
  return nextNodes(draft).map((list, from) =>
    neverSends(draft, nodes[from]!) ? [] : list.filter((to) => isSource(nodes[to]!) !== true),
  );
}

function breaksCycle({ definition, kind }: DraftNode): boolean {
  const role = definition?.kind ?? kind;
  return role === "delay" || role === "initial" || kind === "delay" || kind === "initial";
}

function reportSelfLoops({ nodes, edges }: Draft, report: Report) {
  for (const { from, to, path } of edges) {
    if (from.node === -1 || from.node !== to.node) continue;
    report({
      code: "SELF_LOOP",
      message: `Cannot connect "${nodes[from.node]!.id}" to itself`,
      place: to.place,
      path,
      hint: "a packet would go round for ever; remove the edge",
    });
  }
}

const TEXTS = {
  CYCLE_WITHOUT_DELAY: ["a cycle must pass a node of kind delay or initial", "remove one of its edges"],
  CYCLE_NOT_RUNNABLE_YET: [
    "this version does not run cycles yet",
    "remove one of its edges, or use a version that runs cycles",
  ],
} as const;

/** Why 12: a longer way round does not fit a line; its ends say enough. */
const SHOWN_NODES = 12;

function finding(
  { nodes }: Draft,
  way: number[],
  between: ReadonlyMap<string, DraftEdge>,
  code: keyof typeof TEXTS,
): Parameters<Report>[0] {
  const [reason, hint] = TEXTS[code];
  const ids = way.map((index) => nodes[index]!.id);
  const half = SHOWN_NODES / 2;
  const shown = ids.length > SHOWN_NODES ? [...ids.slice(0, half), "…", ...ids.slice(-half)] : ids;
  const closing = between.get(way.slice(-2).join());
  return {
    code,
    message: `Cannot run the cycle ${shown.join(" -> ")} as ${reason}`,
    place: closing?.place ?? nodes[way[0]!]!.place,
    ...(closing ? { path: closing.path } : {}),
    hint,
    related: way
      .slice(0, -1)
      .slice(0, SHOWN_NODES)
      .map((index) => ({ place: nodes[index]!.place, message: `"${nodes[index]!.id}"` })),
  };
}
