import type { LooseEdge } from "./draft.ts";
import { durableOptions, payloadRefOver } from "./durable.ts";
import { type Reader, without } from "./reader.ts";
import { EDGE_ALIASES, edgeShape } from "./schema.ts";
import { childOf, isBroken, type MapTree, type Path, pathText, placeOf, plain, spotAt, type Tree } from "./tree.ts";
import { show } from "./words.ts";

/** Reads one item of `edges`; undefined when it has faults, which are reported. */
export function readEdge(tree: Tree, index: number, reader: Reader): LooseEdge | undefined {
  const base: Path = ["edges", index];
  const action = `Cannot read edges[${index}] as`;
  if (tree.type !== "map") {
    return reader.refuse(
      "BAD_SHAPE",
      tree,
      base,
      `${action} an edge must be a map: current value is ${show(plain(tree))}`,
      "write { from: NODE, to: NODE }",
    );
  }
  const known = reader.aliases(reader.built(tree, "edge", base), EDGE_ALIASES, base);
  const shape = reader.shape(edgeShape, reader.compat ? withoutSloppyPorts(known, base, reader) : known, base, {
    subject: `edges[${index}]`,
  });
  if (!shape || isBroken(known)) return undefined;
  const from = shape.src ?? shape.from;
  const to = shape.dst ?? shape.to;
  const missing = from === undefined ? "from" : to === undefined ? "to" : undefined;
  if (from === undefined || to === undefined) {
    return reader.refuse("MISSING_KEY", tree, base, `${action} ${missing} is missing: it must be a node's id`);
  }
  const { durable, payload_ref } = shape;
  const place = (first: string, second: string) => placeOf(spotAt(tree, [tree.entries.has(first) ? first : second]));
  return {
    index,
    path: `edges[${index}]`,
    place: placeOf(spotAt(tree, [])),
    from: { text: from, port: shape.src_port ?? shape.from_port, place: place("src", "from") },
    to: { text: to, port: shape.dst_port ?? shape.to_port, place: place("dst", "to") },
    ...(durable === undefined ? {} : { durable: durableOptions(durable) ?? false }),
    ...(payload_ref === undefined ? {} : { payloadRefOver: payloadRefOver(payload_ref) }),
    at: (key) => placeOf(spotAt(tree, [key])),
  };
}

/** The predecessor passed over ports that were blank or no text, and refused odd names. */
function withoutSloppyPorts(edge: MapTree, base: Path, reader: Reader): MapTree {
  const ignored: string[] = [];
  for (const name of EDGE_ALIASES.slice(2).flat()) {
    const port = childOf(edge, name);
    if (!port) continue;
    const path = [...base, name];
    const value = port.type === "scalar" ? port.value : undefined;
    if (typeof value !== "string" || value.trim() === "") {
      ignored.push(name);
      reader.warn("SLOPPY_SHAPE", port, path, `${pathText(path)} is no name and ignored`);
    } else if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(value.trim())) {
      const message = `Cannot read ${pathText(base)} as ${name} must be letters, digits and underscores: current value is ${show(value)}`;
      reader.refuse("BAD_SHAPE", port, path, message);
    }
  }
  return without(edge, ignored);
}
