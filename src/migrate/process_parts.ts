import * as fs from "node:fs";
import * as path from "node:path";
import { readGraphFile } from "../graph/index.ts";
import { childOf, isNull, type MapTree, type Path, plain, show, spotAt, type Tree } from "../graph/raw.ts";
import { diskFiles } from "../node/index.ts";
import { type MigrateContext, refuse } from "./context.ts";
import { type OldDocument, openDocument, textOf } from "./document.ts";
import { type NewGraph, newGraph } from "./old_graph.ts";

export interface Process {
  id: string;
  tree: Tree;
  graph: NewGraph;
}

export interface Channel {
  /** Absolute. */
  path: string;
  tree: Tree;
}

const CODE = "MIGRATE_VALUE";

/** The maps of one of the three lists; keys that nothing reads are told, and what has another shape is refused. */
export function itemsOf(root: MapTree, key: string, known: readonly string[], context: MigrateContext): MapTree[] {
  const list = childOf(root, key);
  const refused = (at: Path, why: string) =>
    refuse(context, CODE, spotAt(root, at), at, `Cannot migrate the process graph as ${why}`);
  if (list !== undefined && !isNull(list) && list.type !== "list") {
    refused([key], `${key} must be a list: current value is ${show(plain(list))}`);
    return [];
  }
  const items = list?.type === "list" ? list.items : [];
  if (items.length === 0) refused([key], `it has no ${key}: at least one is needed`);
  return items.flatMap((item, at) => {
    if (item.type !== "map") {
      refused([key, at], `${key}[${at}] must be a map: current value is ${show(plain(item))}`);
      return [];
    }
    for (const name of item.entries.keys())
      if (!known.includes(name))
        context.leftOuts.add(spotAt(item, [name], "key"), [key, at, name], "nothing ever read it");
    return [item];
  });
}

export function readChannels(root: MapTree, baseDir: string, context: MigrateContext): Map<string, Channel> {
  const channels = new Map<string, Channel>();
  const items = itemsOf(root, "channels", ["id", "channel_id", "kind", "path", "require_ack"], context);
  for (const [at, tree] of items.entries()) {
    const id = idOf(tree, "channel_id", ["channels", at], channels, context);
    const file = textOf(tree, "path");
    const kind = childOf(tree, "kind");
    const acks = childOf(tree, "require_ack");
    const fail = (key: string, why: string) =>
      refuse(context, CODE, spotAt(tree, [key]), ["channels", at, key], `Cannot migrate the channel as ${why}`);
    if (kind !== undefined && plain(kind) !== "sqlite_queue")
      fail("kind", `its kind must be sqlite_queue: current value is ${show(plain(kind))}`);
    if (acks !== undefined && typeof plain(acks) !== "boolean")
      fail("require_ack", `its require_ack must be true or false: current value is ${show(plain(acks))}`);
    if (file === undefined) fail("path", "it has no path");
    else if (id !== undefined)
      channels.set(id, { path: diskFiles({ base: baseDir, fallback: context.cwd }).resolve(file), tree });
  }
  return channels;
}

export async function readProcesses(
  { resolved, source }: OldDocument,
  context: MigrateContext,
): Promise<Map<string, Process>> {
  const processes = new Map<string, Process>();
  for (const [at, tree] of itemsOf(resolved, "processes", ["id", "process_id", "graph"], context).entries()) {
    const base = ["processes", at] as const;
    const id = idOf(tree, "process_id", base, processes, context);
    const graph = id === undefined ? undefined : await graphOf(tree, base, source.baseDir, context);
    if (id !== undefined && graph !== undefined) processes.set(id, { id, tree, graph });
  }
  return processes;
}

async function graphOf(tree: Tree, base: Path, baseDir: string, context: MigrateContext) {
  const fail = (why: string, hint?: string) =>
    refuse(
      ...([context, "MIGRATE_FILE", spotAt(tree, ["graph"]), [...base, "graph"]] as const),
      `Cannot migrate the process as ${why}`,
      hint,
    );
  const named = textOf(tree, "graph");
  if (named === undefined) return fail("it names no graph");
  const file = found(named, baseDir, context.cwd);
  if (file === undefined)
    return fail(`there is no file ${named}`, `looked beside the file, above it, and in ${context.cwd}`);
  const read = readGraphFile(file, context);
  if (read.source === undefined) {
    for (const diagnostic of read.diagnostics) context.findings.add(diagnostic);
    return undefined;
  }
  context.texts[file] = read.source.text;
  const document = openDocument(read.source, context);
  if (document === undefined) return undefined;
  const has = (key: string) => document.raw.entries.has(key);
  if (!has("nodes") && ["job", "processes", "links"].some(has))
    return fail(`${named} is no graph`, "a job or a process graph is migrated on its own first");
  return newGraph(document, context);
}

/** The project's root is the folder above that has the file, or where the command was given. */
function found(file: string, baseDir: string, cwd: string): string | undefined {
  const folders = [baseDir, path.dirname(baseDir), path.dirname(path.dirname(baseDir)), cwd];
  return folders.map((folder) => path.resolve(folder, file)).find((candidate) => fs.existsSync(candidate));
}

function idOf(tree: Tree, alias: string, base: Path, taken: ReadonlyMap<string, unknown>, context: MigrateContext) {
  const key = childOf(tree, "id") === undefined ? alias : "id";
  const id = textOf(tree, key);
  const fail = (why: string) =>
    refuse(context, CODE, spotAt(tree, [key]), [...base, key], `Cannot migrate ${base.join("[")}] as ${why}`);
  if (id === undefined) return fail("it has no id");
  return taken.has(id) ? fail(`its id "${id}" is taken already`) : id;
}
