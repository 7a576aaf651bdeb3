import type { Place } from "./diagnostic.ts";
import { interceptorShape } from "./interceptor_shape.ts";
import { type ReadParts, readParts } from "./read_node.ts";
import { type Reader, without } from "./reader.ts";
import type { Selector } from "./selector.ts";
import { isNull, type MapTree, type Path, pathText, placeOf, plain, spotAt, type Tree } from "./tree.ts";
import { show } from "./words.ts";

export type Side = "ingress" | "egress";

/** An interceptor as written, before its plugin is looked up. */
export interface ReadInterceptor extends ReadParts {
  side: Side;
  /** `ingress[0]`. */
  path: string;
  base: Path;
  /** Its name, or its position in the list. */
  label: string;
  plugin: string;
  selector: Selector;
  /** Where outputs besides the first lead. */
  outputs: ReadonlyMap<string, { target: string; place: Place }>;
  tree: MapTree;
}

/** Reads `ingress` or `egress`; every fault is reported at its place. */
export function readInterceptors(side: Side, tree: Tree | undefined, reader: Reader): ReadInterceptor[] {
  if (tree === undefined || isNull(tree)) return [];
  if (tree.type !== "list") {
    const message = `Cannot read the graph as ${side} must be a list: current value is ${show(plain(tree))}`;
    reader.refuse("BAD_SHAPE", tree, [side], message, `write ${side}: [{ plugin: NODE, config: … }]`);
    return [];
  }
  const read = tree.items.flatMap((item, index) => readInterceptor(side, item, index, reader) ?? []);
  const names = new Map<string, ReadInterceptor>();
  return read.filter((one) => {
    const other = names.get(one.label);
    if (other === undefined) return names.set(one.label, one);
    const message = `Cannot read ${one.path} as its name "${one.label}" is that of ${other.path}`;
    reader.refuse("BAD_SHAPE", spotAt(one.tree, ["name"]), [...one.base, "name"], message, "give each its own name");
    return false;
  });
}

function readInterceptor(side: Side, tree: Tree, index: number, reader: Reader): ReadInterceptor | undefined {
  const base: Path = [side, index];
  const path = pathText(base);
  if (tree.type !== "map") {
    const message = `Cannot read ${path} as an interceptor must be a map: current value is ${show(plain(tree))}`;
    return reader.refuse("BAD_SHAPE", tree, base, message, "write { plugin: NODE, config: … }");
  }
  const parts = readParts(tree, base, reader);
  const shape = reader.shape(interceptorShape, without(tree, ["runtime", "config"]), base, {
    subject: path,
    // A list of this version: an old graph cannot have it with the keys of another time.
    lenient: false,
    strayKeys: STRAY_KEYS,
  });
  if (shape === undefined) return undefined;
  const outputs = Object.entries(shape.outputs ?? {}).map(
    ([port, target]) => [port, { target, place: placeOf(spotAt(tree, ["outputs", port])) }] as const,
  );
  return {
    ...parts,
    ...{ side, path, base, tree, plugin: shape.plugin },
    label: shape.name ?? String(index),
    selector: shape.match ?? {},
    outputs: new Map(outputs),
  };
}

const STRAY_KEYS: Readonly<Record<string, string>> = {
  id: "write name",
  node: "it belongs in match: match: { node: … }",
  nodes: "write match: { node: … }",
  kind: "it belongs in match: match: { kind: … }",
  type: "write plugin",
};
