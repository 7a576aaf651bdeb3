import * as v from "valibot";
import { type Reader, without } from "../reader.ts";
import { childOf, isBroken, isNull, type MapTree, type Path, pathText, plain, spotAt, type Tree } from "../tree.ts";
import { show } from "../words.ts";

const text = v.pipe(v.string(), v.trim(), v.nonEmpty());

/** A node that brings in a file instead of running a plugin. */
export const useShape = v.strictObject({
  id: v.optional(v.pipe(text, v.description("Name in edges; what is in the file is called ID/NODE."))),
  node_id: v.optional(v.pipe(text, v.description("Same as id."))),
  use: v.pipe(text, v.description("A graph file with parameters and ports, from the folder of this file.")),
  // Read by itself, against the parameters of the file.
  with: v.optional(v.pipe(v.unknown(), v.description("Values of the file's parameters."))),
});

const STRAY_KEYS = {
  config: "values of the file's parameters stand in with: { … }",
  kind: "a file has no kind; its nodes have",
  runtime: "it belongs to the nodes in the file; a parameter can carry it there, a profile can reach it by id",
};

/** A node with `use` as written, before its file is read. */
export interface ReadUse {
  /** Position in the document's list. */
  index: number;
  /** `nodes[3]`. */
  path: string;
  id: string;
  /** As written. */
  file: string;
  /** `with`; undefined when it is left out. */
  given: MapTree | undefined;
  tree: MapTree;
}

export const isUse = (tree: Tree): tree is MapTree => tree.type === "map" && tree.entries.has("use");

/** Reads one item of `nodes` that has `use`; undefined when it has faults, which are reported. */
export function readUse(tree: MapTree, index: number, reader: Reader): ReadUse | undefined {
  const base: Path = ["nodes", index];
  const action = `Cannot read nodes[${index}] as`;
  if (reader.compat) {
    const message = `${action} a graph with addresses of the predecessor has no use`;
    return reader.refuse("BAD_SHAPE", spotAt(tree, ["use"], "key"), base, message, "write our names for its nodes");
  }
  if (tree.entries.has("plugin")) {
    const message = `${action} it has both use and plugin: a node runs a plugin or brings in a file`;
    return reader.refuse("BAD_SHAPE", spotAt(tree, ["plugin"], "key"), base, message, "remove one of them");
  }
  const known = reader.aliases(tree, [["id", "node_id"]], base);
  const subject = `nodes[${index}]`;
  const shape = reader.shape(useShape, without(known, ["with"]), base, { subject, strayKeys: STRAY_KEYS });
  const id = shape?.id ?? shape?.node_id;
  if (shape === undefined || ["id", "node_id", "use"].some((key) => isBroken(childOf(tree, key) ?? EMPTY))) return;
  if (id === undefined) return reader.refuse("MISSING_KEY", tree, base, `${action} id is missing: it must be a string`);
  const given = childOf(tree, "with");
  if (given !== undefined && given.type !== "map" && !isNull(given)) {
    const message = `${action} with must be a map: current value is ${show(plain(given))}`;
    return reader.refuse("BAD_SHAPE", given, [...base, "with"], message, "write with: { NAME: VALUE }");
  }
  return { index, path: pathText(base), id, file: shape.use, given: given?.type === "map" ? given : undefined, tree };
}

const EMPTY = { type: "list", items: [] } as unknown as Tree;
