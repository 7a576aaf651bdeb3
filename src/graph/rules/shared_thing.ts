import { inOwnFolder } from "../claims.ts";
import type { Place } from "../diagnostic.ts";
import type { DraftNode } from "../draft.ts";
import type { Rule } from "./rule.ts";

/** Two nodes that write one file, or read standard input, take it from each other. The predecessor let them. */
export const sharedThing: Rule = ({ compat, nodes }, report) => {
  const first = new Map<string, { node: DraftNode; place: Place }>();
  for (const node of nodes) {
    if (node.config === undefined) continue;
    for (const { path, what: named } of node.definition?.owns?.(node.config.value, node.id) ?? []) {
      const what = inOwnFolder(named, node.folder);
      const place = path.length === 0 ? node.place : node.at(["config", ...path], "value");
      const other = first.get(what);
      if (other === undefined) {
        first.set(what, { node, place });
        continue;
      }
      report({
        code: "THING_SHARED",
        severity: compat ? "warning" : "error",
        message: `Node "${node.id}" (${node.plugin}) cannot have ${what} as node "${other.node.id}" has it`,
        place,
        path: node.path,
        hint: "let one node have it, and lead the edges of both there; or name another",
        related: [{ place: other.place, message: "first here" }],
      });
    }
  }
};
