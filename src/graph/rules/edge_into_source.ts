import type { Rule } from "./rule.ts";
import { isSource } from "./rule.ts";

export const edgeIntoSource: Rule = ({ nodes, edges }, report) => {
  for (const { to, path } of edges) {
    const node = nodes[to.node];
    if (!node || !isSource(node)) continue;
    report({
      code: "EDGE_INTO_SOURCE",
      message: `Cannot connect an edge into "${node.id}" as it is a source: sources take no packets`,
      place: to.place,
      path: `${path}.to`,
      hint: "turn the edge round, or lead it to the node that takes the packets",
    });
  }
};
