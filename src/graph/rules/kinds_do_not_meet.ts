import { kindsMeet, kindsText } from "../../packet/index.ts";
import type { Rule } from "./rule.ts";

/** What leaves one port must be something the other takes. */
export const kindsDoNotMeet: Rule = ({ nodes, edges }, report) => {
  for (const { from, to, place, path } of edges) {
    const made = from.port === undefined ? undefined : nodes[from.node]?.outputs?.[from.port];
    const taken = to.port === undefined ? undefined : nodes[to.node]?.inputs?.[to.port];
    if (!made || !taken || kindsMeet(made.kinds, taken.kinds)) continue;
    const [maker, taker] = [nodes[from.node]!.id, nodes[to.node]!.id];
    report({
      code: "KINDS_DO_NOT_MEET",
      message: `Cannot connect ${maker}.${from.port} to ${taker}.${to.port} as it makes ${kindsText(made.kinds)} and ${kindsText(taken.kinds)} is taken`,
      place,
      path,
      hint: `put a node between them that makes ${kindsText(taken.kinds)}`,
    });
  }
};
