import type { Draft, DraftNode } from "../draft.ts";
import type { Rule } from "./rule.ts";

/** `kind:` may be left out; written, it must agree. `node` agrees with everything but a source. */
export const kindMismatch: Rule = (draft, report) => {
  for (const node of draft.nodes) {
    if (!node.definition || agrees(draft, node)) continue;
    const is = node.definition.kind;
    report({
      code: "KIND_MISMATCH",
      message: `Cannot create node "${node.id}" (${node.plugin}) as ${node.kind === undefined ? "a node without kind" : `kind ${node.kind}`}: it is a ${is}`,
      place: node.at(["kind"]),
      path: `${node.path}.kind`,
      hint: `write kind: ${is}${draft.compat ? "" : ", or leave it out"}`,
    });
  }
};

function agrees({ compat }: Draft, { definition, kind, legacy }: DraftNode): boolean {
  const isSource = definition!.kind === "source";
  // The predecessor's nodes could be labelled freely; only sources were told apart, and `node` was the default.
  if (compat && legacy) return isSource === (kind === "source");
  if (kind === undefined) return true;
  return kind === "node" ? !isSource : kind === definition!.kind;
}
