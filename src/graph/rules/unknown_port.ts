import { didYouMean } from "../../base/suggest.ts";
import type { DraftEdge, DraftEnd, DraftNode } from "../draft.ts";
import type { Report, Rule } from "./rule.ts";

/** A port that was asked for and does not exist, or one that must be named and is not. */
export const unknownPort: Rule = ({ nodes, edges }, report) => {
  for (const edge of edges) {
    check(nodes[edge.from.node], edge, edge.from, "outputs", report);
    check(nodes[edge.to.node], edge, edge.to, "inputs", report);
  }
};

function check(
  node: DraftNode | undefined,
  edge: DraftEdge,
  end: DraftEnd,
  side: "inputs" | "outputs",
  report: Report,
) {
  const ports = node?.[side];
  if (!node || !ports || end.exposed) return;
  const names = Object.keys(ports);
  // No ports at all on this side: an edge into a source or out of a sink, which has its own code.
  if (names.length === 0) return;
  if (node.legacy) return reportIgnored(node, edge, end, report);
  if (end.port !== undefined) return;
  const what = side === "inputs" ? "input" : "output";
  const base = { place: end.place, path: edge.path };
  if (end.asked === undefined) {
    const message = `Cannot connect the edge to "${node.id}" as it does not say to which ${what}: ${names.join(", ")}`;
    return report({ ...base, code: "AMBIGUOUS_PORT", message, hint: `write ${node.id}.${names[0]}` });
  }
  const near = didYouMean(end.asked, names);
  const message = `Cannot connect the edge as "${node.id}" (${node.plugin}) has no ${what} "${end.asked}": it has ${names.join(", ")}`;
  report({
    ...base,
    code: "UNKNOWN_PORT",
    message,
    ...(near === undefined ? {} : { hint: `did you mean ${node.id}.${near}?` }),
  });
}

function reportIgnored(node: DraftNode, edge: DraftEdge, { asked, port, place }: DraftEnd, report: Report) {
  if (asked === undefined || asked === port) return;
  const message = `Port "${asked}" of "${node.id}" is not used: nodes with an old address only have "${port}"`;
  report({ code: "PORT_IGNORED", severity: "warning", message, place, path: edge.path });
}
