import type { Rule } from "./rule.ts";

/** References are for rows; between two nodes in one process the payload itself is cheaper. */
export const payloadRefUnused: Rule = ({ edges }, report) => {
  for (const edge of edges) {
    if (edge.payloadRefOver === undefined || edge.durable) continue;
    report({
      code: "PAYLOAD_REF_UNUSED",
      message: `Cannot use payload_ref on the edge from ${edge.from.text} to ${edge.to.text} as the edge is not durable`,
      place: edge.at("payload_ref"),
      path: edge.path,
      hint: "add durable: true, or remove payload_ref",
    });
  }
};
