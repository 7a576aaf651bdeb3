import { kindsMeet, kindsText } from "../../packet/index.ts";
import { type Rule, whereOf } from "./rule.ts";

/** What leaves one port must be something the other takes. */
export const kindsDoNotMeet: Rule = (draft, report) => {
  const { nodes, edges } = draft;
  for (const edge of edges) {
    const { from, to } = edge;
    const made = from.port === undefined ? undefined : nodes[from.node]?.outputs?.[from.port];
    const taken = to.port === undefined ? undefined : nodes[to.node]?.inputs?.[to.port];
    if (!made || !taken || kindsMeet(made.kinds, taken.kinds)) continue;
    const [maker, taker] = [nodes[from.node]!.id, nodes[to.node]!.id];
    report({
      code: "KINDS_DO_NOT_MEET",
      message: `Cannot connect ${maker}.${from.port} to ${taker}.${to.port} as it makes ${kindsText(made.kinds)} and ${kindsText(taken.kinds)} is taken`,
      ...whereOf(edge, draft),
      hint: `put a node between them that makes ${kindsText(taken.kinds)}`,
    });
  }
};
