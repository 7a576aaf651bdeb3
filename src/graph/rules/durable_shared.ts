import * as path from "node:path";
import type { DraftEdge } from "../draft.ts";
import type { Rule } from "./rule.ts";

/** A queue's file belongs to one edge: the rows of two would be delivered to either. */
export const durableShared: Rule = ({ edges }, report) => {
  const first = new Map<string, DraftEdge>();
  for (const edge of edges) {
    if (!edge.durable || edge.durable.path === undefined) continue;
    const file = path.normalize(edge.durable.path);
    const other = first.get(file);
    if (other === undefined) {
      first.set(file, edge);
      continue;
    }
    report({
      code: "THING_SHARED",
      message: `The edge from ${edge.from.text} to ${edge.to.text} cannot have queue file ${file} as the edge from ${other.from.text} to ${other.to.text} has it`,
      place: edge.at("durable"),
      path: edge.path,
      hint: "leave path out, then each edge has a file of its own; or name another",
      related: [{ place: other.at("durable"), message: "first here" }],
    });
  }
};
