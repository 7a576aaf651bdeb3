import * as v from "valibot";
import type { Place } from "../diagnostic.ts";
import type { Reader } from "../reader.ts";
import { childOf, type MapTree, placeOf, spotAt } from "../tree.ts";

const end = v.pipe(v.string(), v.trim(), v.nonEmpty());
/** A dot would separate it from the node, a slash a node from the file it stands in. */
const NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const ports = v.record(v.pipe(v.string(), v.regex(NAME, "must be a port's name: letters, digits, _ and -")), end);

/** `ports:` of a file. */
export const portsShape = v.strictObject({
  in: v.optional(v.pipe(ports, v.description("Inputs of the file: each NAME: NODE.PORT."))),
  out: v.optional(v.pipe(ports, v.description("Outputs of the file: each NAME: NODE.PORT, the default first."))),
});

/** A port of a file as written: its name outside, and the end of an edge that it stands for inside. */
export interface WrittenPort {
  name: string;
  /** `node` or `node.port`. */
  text: string;
  place: Place;
}

export type Side = "in" | "out";
export type WrittenPorts = Readonly<Record<Side, readonly WrittenPort[]>>;

/** Reads `ports` of a document with values; faults are reported. */
export function readPorts(root: MapTree, reader: Reader): WrittenPorts {
  const tree = childOf(root, "ports");
  if (tree?.type !== "map") return { in: [], out: [] };
  const shape = reader.shape(portsShape, tree, ["ports"], { subject: "ports" });
  const list = (side: Side) =>
    Object.entries(shape?.[side] ?? {}).map(([name, text]) => ({
      name,
      text,
      place: placeOf(spotAt(tree, [side, name])),
    }));
  return { in: list("in"), out: list("out") };
}
