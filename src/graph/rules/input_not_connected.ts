import type { DraftNode } from "../draft.ts";
import { isSource, type Rule } from "./rule.ts";

/** Every input port of every node needs an edge; the predecessor let nodes stand idle. */
export const inputNotConnected: Rule = ({ compat, nodes, edges, incomplete }, report) => {
  if (incomplete) return;
  const connected = nodes.map(() => new Set<string | undefined>());
  for (const { to } of edges) connected[to.node]?.add(to.port);
  for (const node of nodes) {
    if (isSource(node) !== false) continue;
    for (const name of idleInputs(node, connected[node.index]!)) {
      report({
        code: "INPUT_NOT_CONNECTED",
        severity: compat ? "warning" : "error",
        message: `Node "${node.id}" never gets a packet at "${name}" as no edge leads there`,
        place: node.place,
        path: node.path,
        hint: `add an edge to ${node.id}, or remove the node`,
      });
    }
  }
};

function idleInputs(node: DraftNode, connected: ReadonlySet<string | undefined>): string[] {
  // An edge to a port that is unknown or ambiguous is reported as such, and may have meant any of them.
  if (connected.has(undefined)) return [];
  const names = Object.keys(node.inputs ?? { in: true });
  return names.filter((name) => !connected.has(name));
}
