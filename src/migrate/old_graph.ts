import { runtimeOptions } from "../graph/index.ts";
import {
  childOf,
  isNull,
  legacyRuntime,
  listOf,
  type MapTree,
  nameOf,
  type Path,
  plain,
  readPlain,
  spotAt,
  type Tree,
} from "../graph/raw.ts";
import { diskFiles } from "../node/index.ts";
import { type Comments, commentsOf } from "./comments.ts";
import { type MigrateContext, refuse } from "./context.ts";
import { type OldDocument, textOf } from "./document.ts";
import { newConfig } from "./old_config.ts";
import { newEdge, tellOthers } from "./old_edge.ts";
import { newPaths } from "./old_paths.ts";
import { UniqueIds } from "./unique_ids.ts";
import type { WrittenGraph, WrittenNode } from "./written.ts";

/** What our graphs have at their top besides version, name, nodes and edges; the old ones had nothing. */
const TOP = "vars http durable delivery event_time checkpoint profile profiles blackboard ingress egress".split(" ");

/** A graph, and the absolute `path` that each node has now: in the graph it may stand as a variable. */
export interface NewGraph extends WrittenGraph {
  files: ReadonlyMap<string, string>;
}

/** A version 2 graph with the predecessor's addresses as one with our names. */
export async function newGraph(document: OldDocument, context: MigrateContext): Promise<NewGraph> {
  const { raw, resolved, source } = document;
  const [nodeTrees, edgeTrees] = [listOf(raw, "nodes"), listOf(raw, "edges")];
  const comments = commentsOf(raw, [...nodeTrees, ...edgeTrees], firstKeyAt(raw));
  const plugins = listOf(resolved, "nodes").flatMap((node) => textOf(node, "plugin") ?? []);
  await context.catalogue.prepare([...new Set(plugins)]);
  const ids = new UniqueIds();
  const renamed = new Map<string, string>();
  const files = new Map<string, string>();
  const nodes = nodeTrees.flatMap((tree, at) => {
    const path = ["nodes", at] as const;
    const id = idOf(childOf(listNode(resolved, "nodes"), at)!, path, context);
    if (id === undefined) return [];
    if (renamed.has(id)) {
      const why = `Cannot migrate the graph as two nodes have the id "${id}"`;
      refuse(context, "DUPLICATE_ID", spotAt(tree, ["id"]), path, why, "rename one of them and the edges that mean it");
      return [];
    }
    const fresh = ids.take(id);
    if (fresh !== id) context.leftOuts.at(tree, ["id"], `"${id}" is no id here: the node is called ${fresh}`);
    renamed.set(id, fresh);
    const now = childOf(listNode(resolved, "nodes"), at)!;
    const file = textOf(mapOf(now, "config"), "path");
    if (file !== undefined) files.set(fresh, diskFiles({ base: source.baseDir, fallback: context.cwd }).resolve(file));
    return newNode(fresh, tree, now, path, source.baseDir, comments, context);
  });
  const edges = edgeTrees.flatMap((tree, at) =>
    newEdge(tree, childOf(listNode(resolved, "edges"), at)!, ["edges", at], renamed, comments, context),
  );
  const name = textOf(resolved, "name") ?? nameOf(source.path);
  return { name, top: newTop(raw, context), nodes, edges, comments: comments.head, tail: comments.tail, files };
}

const listNode = (root: MapTree, key: string) => childOf(root, key)!;

/** Comments above the first node belong to it, those above the key `nodes` to the file. */
const firstKeyAt = (raw: MapTree) => Math.min(...[...raw.entries.values()].map(({ key }) => key.start), raw.end);

function idOf(tree: Tree, path: Path, context: MigrateContext): string | undefined {
  const key = childOf(tree, "id") === undefined ? "node_id" : "id";
  const id = textOf(tree, key);
  if (id !== undefined) return id;
  return refuse(
    context,
    "MIGRATE_VALUE",
    spotAt(tree, [key]),
    path,
    `Cannot migrate ${path.join("[")}] as its id is no text`,
  );
}

function newNode(
  id: string,
  raw: Tree,
  resolved: Tree,
  path: Path,
  baseDir: string,
  comments: Comments,
  context: MigrateContext,
): WrittenNode[] {
  const plugin = textOf(resolved, "plugin");
  const at = spotAt(raw, ["plugin"]);
  if (plugin === undefined) {
    refuse(context, "MIGRATE_VALUE", at, path, `Cannot migrate node "${id}" as its plugin is no text`);
    return [];
  }
  const found = context.catalogue.resolve(plugin);
  if (!found.found) {
    refuse(context, found.code, at, [...path, "plugin"], found.message, found.hint);
    return [];
  }
  if (plugin !== textOf(raw, "plugin") && childOf(raw, "plugin")?.type === "scalar")
    tellVariable(raw, path, plugin, context);
  const [config, filled] = [mapOf(raw, "config"), mapOf(resolved, "config")];
  const base = [...path, "config"];
  const made = newConfig({ raw: config, resolved: filled, base }, found, context);
  const moved = newPaths(made, { raw: config, base, baseDir }, context);
  const runtime = newRuntime(raw, resolved, path, context);
  tellOthers(raw, NODE_KEYS, path, context);
  const given = childOf(raw, "config");
  if (given !== undefined && given.type !== "map" && !isNull(given))
    context.leftOuts.add(given, base, "it is no map, so the old node had no settings");
  return [
    {
      ...{ id, plugin: found.legacy === undefined ? plugin : found.definition.name },
      ...(Object.keys(moved).length === 0 ? {} : { config: moved }),
      ...(runtime === undefined ? {} : { runtime }),
      comments: comments.of.get(raw) ?? [],
    },
  ];
}

const NODE_KEYS = ["id", "node_id", "plugin", "kind", "config", "runtime"];
function tellVariable(raw: Tree, path: Path, plugin: string, { leftOuts }: MigrateContext) {
  const written = childOf(raw, "plugin");
  if (written?.type !== "scalar" || !written.text.includes("${")) return;
  leftOuts.add(written, [...path, "plugin"], `${written.text} is filled in with what it is now, ${plugin}`);
}

const mapOf = (tree: Tree, key: string): MapTree => {
  const child = childOf(tree, key);
  return child?.type === "map" ? child : { ...tree, type: "map", entries: new Map() };
};

/** `runtime`, or `config.__runtime__` in our words; undefined when all of it is as by default. */
function newRuntime(raw: Tree, resolved: Tree, path: Path, context: MigrateContext): WrittenNode["runtime"] {
  const own = childOf(resolved, "runtime");
  if (own?.type === "map") return plain(own) as Record<string, unknown>;
  const alias = childOf(mapOf(resolved, "config"), "__runtime__");
  if (alias === undefined || isNull(alias)) return undefined;
  const written = childOf(mapOf(raw, "config"), "__runtime__")!;
  const given = alias.type === "map" ? (plain(alias) as Record<string, unknown>) : {};
  const { inbox } = legacyRuntime(given, (key, message) =>
    context.leftOuts.add(spotAt(written, [key]), [...path, "config", "__runtime__", key], message),
  );
  const byDefault = runtimeOptions().inbox as unknown as Record<string, unknown>;
  const kept = Object.entries(inbox).filter(([key, value]) => byDefault[key] !== value);
  return kept.length === 0 ? undefined : { inbox: Object.fromEntries(kept) };
}

function newTop(raw: MapTree, { leftOuts }: MigrateContext): Record<string, unknown> {
  const top: Record<string, unknown> = {};
  for (const [key, { value }] of raw.entries) {
    if (["version", "name", "nodes", "edges"].includes(key)) continue;
    if (TOP.includes(key)) top[key] = texts(value);
    else leftOuts.at(raw, [key], key === "config" ? "nothing ever read it" : "a graph has no such key");
  }
  return top;
}

/** Values of a part that is ours already, its variables as they are written. */
function texts(tree: Tree): unknown {
  if (tree.type === "list") return tree.items.map(texts);
  if (tree.type === "map") return Object.fromEntries([...tree.entries].map(([key, { value }]) => [key, texts(value)]));
  return tree.text.includes("${") || tree.quoted ? tree.text : readPlain(tree.text, "yaml12");
}
