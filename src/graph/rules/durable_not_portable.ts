import { profileOf } from "./profile_mismatch.ts";
import type { Rule } from "./rule.ts";

/** A row of a durable edge is JSON, so what stays in the process cannot wait there. */
export const durableNotPortable: Rule = ({ nodes, edges }, report) => {
  for (const edge of edges) {
    const { from, to, path, durable, payloadRefOver } = edge;
    const made = from.port === undefined ? undefined : nodes[from.node]?.outputs?.[from.port];
    if (!durable || !made || to.node === -1 || profileOf(made) !== "inproc_any" || payloadRefOver !== undefined)
      continue;
    report({
      code: "PROFILE_MISMATCH",
      message: `Cannot keep the edge from ${nodes[from.node]!.id}.${from.port} to ${nodes[to.node]!.id} on disk as its payload is inproc_any and must be JSON`,
      place: edge.at("durable"),
      path,
      hint: "add payload_ref: auto, which keeps the bytes in files; or make the edge behind a detector durable",
    });
  }
};
