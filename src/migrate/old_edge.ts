import { childOf, type Path, plain, type Spot, spotAt, type Tree } from "../graph/raw.ts";
import type { Comments } from "./comments.ts";
import { type MigrateContext, refuse } from "./context.ts";
import { textOf } from "./document.ts";
import type { WrittenEdge } from "./written.ts";

const EDGE_KEYS = ["from", "src", "to", "dst", "from_port", "src_port", "to_port", "dst_port", "durable"];

/** An edge of the old graph; `renamed` has the new id of each old one. */
export function newEdge(
  raw: Tree,
  resolved: Tree,
  path: Path,
  renamed: ReadonlyMap<string, string>,
  comments: Comments,
  context: MigrateContext,
): WrittenEdge[] {
  // Of ours, a port may stand behind the id.
  const newEnd = (text: string, at: Spot) => {
    const dot = text.lastIndexOf(".");
    const [id, port] = renamed.has(text) || dot === -1 ? [text, ""] : [text.slice(0, dot), text.slice(dot)];
    const fresh = renamed.get(id);
    if (fresh !== undefined) return fresh + port;
    const why = `Cannot connect the edge as there is no node "${id}": there are ${[...renamed.keys()].join(", ")}`;
    return refuse(context, "UNKNOWN_NODE", at, path, why);
  };
  const end = (key: string, alias: string) => {
    const text = textOf(resolved, childOf(resolved, key) === undefined ? alias : key);
    if (text !== undefined) return newEnd(text, spotAt(raw, [childOf(raw, key) === undefined ? alias : key]));
    return refuse(
      context,
      "MIGRATE_VALUE",
      spotAt(raw, [key]),
      path,
      `Cannot migrate ${path.join("[")}] as it has no ${key}`,
    );
  };
  const [from, to] = [end("from", "src"), end("to", "dst")];
  for (const key of ["from_port", "src_port", "to_port", "dst_port"]) {
    if (childOf(raw, key) !== undefined) context.leftOuts.at(raw, [key], "port labels led nowhere");
  }
  tellOthers(raw, EDGE_KEYS, path, context);
  if (from === undefined || to === undefined) return [];
  const durable = childOf(resolved, "durable");
  const kept = durable !== undefined && plain(durable) === true ? { durable: true as const } : {};
  return [{ from, to, ...kept, comments: comments.of.get(raw) ?? [] }];
}

/** Lists what nothing read of a node or an edge. */
export function tellOthers(raw: Tree, known: readonly string[], path: Path, { leftOuts }: MigrateContext) {
  if (raw.type !== "map") return;
  for (const key of raw.entries.keys())
    if (!known.includes(key))
      leftOuts.add(spotAt(raw, [key], "key"), [...path, key], "no graph of the predecessor had such a key");
}
