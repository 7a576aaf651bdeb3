import { didYouMean } from "../../base/suggest.ts";
import { choosePort, type DraftExposed, type DraftNode } from "../draft.ts";
import type { Rule } from "./rule.ts";

/** A port that a file exposes leads to a port that its node has. */
export const exposedPort: Rule = ({ nodes, exposed = [] }, report) => {
  if (exposed.length === 0) return;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const port of exposed) {
    const node = byId.get(port.node);
    const ports = node?.[port.side === "in" ? "inputs" : "outputs"];
    if (node === undefined || ports === undefined) continue;
    const names = Object.keys(ports);
    if (choosePort(node, port.side === "in" ? "inputs" : "outputs", port.asked) !== undefined) continue;
    const [reason, hint] = whyNot(port, node, names);
    report({
      code: "BAD_EXPOSED_PORT",
      message: `Cannot expose "${port.name}" as ${reason}`,
      place: port.place,
      path: `ports.${port.side}.${port.name}`,
      ...(hint === undefined ? {} : { hint }),
    });
  }
};

function whyNot({ side, asked }: DraftExposed, node: DraftNode, names: string[]): [string, string | undefined] {
  const own = node.id.slice((node.scope ?? "").length);
  const what = side === "in" ? "input" : "output";
  if (names.length === 0) return [`"${own}" (${node.plugin}) has no ${what}s`, undefined];
  const has = names.join(", ");
  if (asked === undefined) return [`it does not say which ${what} of "${own}": ${has}`, `write ${own}.${names[0]}`];
  const near = didYouMean(asked, names);
  const hint = near === undefined ? undefined : `did you mean ${own}.${near}?`;
  return [`"${own}" (${node.plugin}) has no ${what} "${asked}": it has ${has}`, hint];
}
