import type { DraftNode } from "../draft.ts";
import type { Rule } from "./rule.ts";

export const duplicateId: Rule = ({ nodes }, report) => {
  const first = new Map<string, DraftNode>();
  for (const node of nodes) {
    const other = first.get(node.id);
    if (!other) {
      first.set(node.id, node);
      continue;
    }
    report({
      code: "DUPLICATE_ID",
      message: `Cannot use node id "${node.id}" twice: ${other.path} has it already`,
      place: node.place,
      path: `${node.path}.id`,
      hint: "rename one of them and the edges that mean it",
      related: [{ place: other.place, message: "first used here" }],
    });
  }
};
