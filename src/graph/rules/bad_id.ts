import { NODE_ID } from "../schema.ts";
import type { Rule } from "./rule.ts";

/** Ids are words without dots, as a dot separates a node from its port. The predecessor took any text. */
export const badId: Rule = ({ compat, nodes }, report) => {
  if (compat) return;
  for (const node of nodes) {
    // That of an interceptor is made of words that were checked, with dots between them.
    if (NODE_ID.test(node.id) || node.intercepts !== undefined) continue;
    report({
      code: "BAD_ID",
      message: `Cannot use "${node.id.slice(0, 60)}" as a node id: it must match ${NODE_ID.source}`,
      place: node.place,
      path: `${node.path}.id`,
      hint: "letters, digits, _ and -, starting with a letter or _",
    });
  }
};
