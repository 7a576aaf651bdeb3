import * as v from "valibot";
import { anyList, anyMap } from "../containers.ts";
import type { Reader } from "../reader.ts";
import { graphShape, NOT_BUILT_IN_YET } from "../schema.ts";
import { isNull, type MapTree, type Tree } from "../tree.ts";

const { version, name, vars } = graphShape.entries;

/** The top of a file that nodes bring in. */
export const subgraphShape = v.strictObject({
  version,
  name,
  parameters: v.optional(v.pipe(anyMap, v.description("What a graph may say: { NAME: { type: string } }."))),
  ports: v.optional(v.pipe(anyMap, v.description("What edges of a graph lead to: { in: { … }, out: { … } }."))),
  vars,
  nodes: v.optional(anyList),
  edges: v.optional(anyList),
});

const WHOLE = "it holds for a whole graph: write it in the graph that runs";
const STRAY_KEYS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [...Object.keys(graphShape.entries), ...Object.keys(NOT_BUILT_IN_YET.graph)]
      .filter((key) => !Object.hasOwn(subgraphShape.entries, key))
      .map((key) => [key, WHOLE]),
  ),
  params: "write parameters",
  inputs: "write ports: { in: { NAME: NODE.PORT } }",
  outputs: "write ports: { out: { NAME: NODE.PORT } }",
  "*": "values of your own belong in vars, remarks behind a #",
};

/** Reports what may not stand at the top of such a file. `fixed`: the parts of `tree` that have values. */
export function checkTop(tree: MapTree, fixed: MapTree, reader: Reader) {
  const entries: MapTree["entries"] = new Map();
  for (const [key, entry] of tree.entries) {
    const value = fixed.entries.get(key)?.value ?? hollow(entry.value);
    if (!isNull(value)) entries.set(key, { key: entry.key, value });
  }
  reader.shape(subgraphShape, { ...tree, entries }, [], { subject: "the file", strayKeys: STRAY_KEYS });
}

/** Only what kind of value it is: variables in it are filled in for each use. */
function hollow(tree: Tree): Tree {
  if (tree.type === "map") return { ...tree, entries: new Map() };
  if (tree.type === "list") return { ...tree, items: [] };
  return { ...tree, value: tree.quoted || tree.text !== "" ? tree.text : null };
}
