import * as fs from "node:fs";
import * as path from "node:path";
import { readGraphFile } from "../graph/index.ts";
import { childOf, listOf, type MapTree, nameOf, type Path, spotAt, type Tree } from "../graph/raw.ts";
import { diskFiles } from "../node/index.ts";
import { commentsOf } from "./comments.ts";
import { type MigrateContext, refuse } from "./context.ts";
import { type OldDocument, openDocument } from "./document.ts";
import { newGraph, textOf } from "./old_graph.ts";
import { type Joined, joinByChannel } from "./process_links.ts";
import { UniqueIds } from "./unique_ids.ts";
import type { WrittenGraph, WrittenNode } from "./written.ts";

interface Process {
  id: string;
  tree: Tree;
  graph: WrittenGraph;
}

interface Channel {
  path: string;
  tree: Tree;
}

const CODE = "MIGRATE_VALUE";

/** A process graph, whose processes met in SQLite queues, as one graph with durable edges in their place. */
export async function newGraphOfProcesses(
  document: OldDocument,
  context: MigrateContext,
): Promise<WrittenGraph | undefined> {
  const { resolved, source } = document;
  const channels = readChannels(resolved, source.baseDir, context);
  const processes = await readProcesses(document, context);
  if (context.findings.errors > 0) return undefined;
  let joined: Joined = merged(processes.values(), context);
  const used = new Map<string, Tree>();
  for (const [at, link] of listOf(resolved, "links").entries()) {
    const base = ["links", at] as const;
    const end = <Part>(key: string, parts: ReadonlyMap<string, Part>) => known(link, key, base, parts, context);
    const [from, to, channel] = [end("producer", processes), end("consumer", processes), end("channel", channels)];
    if (from === undefined || to === undefined || channel === undefined) continue;
    const fail = (key: string, why: string) =>
      refuse(context, CODE, spotAt(link, [key]), [...base, key], `Cannot migrate the link as ${why}`);
    if (from === to) fail("consumer", `its producer is its consumer, "${to.id}"`);
    else if (used.has(channel.path))
      fail("channel", "another link has this channel, and a channel joins two processes");
    else joined = joinByChannel(joined, { from: from.id, to: to.id, path: channel.path, link, base }, context);
    used.set(channel.path, link);
  }
  if (listOf(resolved, "links").length === 0) needsOne(resolved, "links", context);
  const comments = commentsOf(document.raw, [], document.raw.end);
  const { nodes, edges } = joined;
  return {
    ...{ name: nameOf(source.path), nodes: nodes.map(({ owner: _, ...node }) => node), edges },
    comments: [...comments.head, ...[...processes.values()].flatMap(({ graph }) => graph.comments)],
  };
}

function readChannels(root: MapTree, baseDir: string, context: MigrateContext): Map<string, Channel> {
  const channels = new Map<string, Channel>();
  for (const [at, tree] of listOf(root, "channels").entries()) {
    const base = ["channels", at] as const;
    const id = idOf(tree, "channel_id", base, channels, context);
    const kind = textOf(tree, "kind") ?? "sqlite_queue";
    const file = textOf(tree, "path");
    if (kind !== "sqlite_queue") {
      refuse(
        context,
        CODE,
        spotAt(tree, ["kind"]),
        [...base, "kind"],
        `Cannot migrate the channel as its kind must be sqlite_queue: current value is "${kind}"`,
      );
    } else if (file === undefined) {
      refuse(context, CODE, spotAt(tree, ["path"]), [...base, "path"], "Cannot migrate the channel as it has no path");
    } else if (id !== undefined)
      channels.set(id, { path: diskFiles({ base: baseDir, fallback: context.cwd }).resolve(file), tree });
  }
  if (listOf(root, "channels").length === 0) needsOne(root, "channels", context);
  return channels;
}

async function readProcesses(
  { resolved, source }: OldDocument,
  context: MigrateContext,
): Promise<Map<string, Process>> {
  const processes = new Map<string, Process>();
  for (const [at, tree] of listOf(resolved, "processes").entries()) {
    const base = ["processes", at] as const;
    const id = idOf(tree, "process_id", base, processes, context);
    const graph = id === undefined ? undefined : await graphOf(tree, base, source.baseDir, context);
    if (id !== undefined && graph !== undefined) processes.set(id, { id, tree, graph });
  }
  if (listOf(resolved, "processes").length === 0) needsOne(resolved, "processes", context);
  return processes;
}

async function graphOf(tree: Tree, base: Path, baseDir: string, context: MigrateContext) {
  const fail = (why: string, hint?: string) =>
    refuse(
      context,
      "MIGRATE_FILE",
      spotAt(tree, ["graph"]),
      [...base, "graph"],
      `Cannot migrate the process as ${why}`,
      hint,
    );
  const named = textOf(tree, "graph");
  if (named === undefined) return fail("it names no graph");
  const file = found(named, baseDir, context.cwd);
  if (file === undefined)
    return fail(`there is no file ${named}`, `looked beside the file, above it, and in ${context.cwd}`);
  const read = readGraphFile(file);
  if (read.source === undefined) {
    for (const diagnostic of read.diagnostics) context.findings.add(diagnostic);
    return undefined;
  }
  context.texts[file] = read.source.text;
  const document = openDocument(read.source, context.env, context.findings);
  return document && newGraph(document, context);
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

function known<Part>(link: Tree, key: string, base: Path, parts: ReadonlyMap<string, Part>, context: MigrateContext) {
  const name = textOf(link, key);
  const part = name === undefined ? undefined : parts.get(name);
  if (part !== undefined) return part;
  const names = [...parts.keys()].join(", ");
  return refuse(
    ...([context, CODE, spotAt(link, [key]), [...base, key]] as const),
    `Cannot migrate the link as its ${key} must be one of ${names}: current value is ${name === undefined ? "none" : `"${name}"`}`,
  );
}

const needsOne = (root: MapTree, key: string, context: MigrateContext) =>
  refuse(
    context,
    CODE,
    spotAt(root, [key]),
    [key],
    `Cannot migrate the process graph as it has no ${key}: at least one is needed`,
  );

/** All graphs in one; an id that several have gets its process in front. */
function merged(processes: Iterable<Process>, context: MigrateContext): Joined {
  const all = [...processes];
  const names = namesOf(all);
  const joined: Joined = { nodes: [], edges: [] };
  for (const { id: owner, tree, graph } of all) {
    const own = names.get(owner)!;
    // What joins processes goes; its new name is nobody's business.
    const kept = graph.nodes.filter((node) => !isQueue(node) && own.get(node.id) !== node.id);
    const renamed = kept.map(({ id }) => `${id} is ${own.get(id)}`).join(", ");
    const say = (reason: string) => context.leftOuts.at(tree, ["graph"], reason);
    if (renamed !== "") say(`ids that other processes have as well: ${renamed}; source_id of its packets follows`);
    const top = Object.keys(graph.top ?? {});
    if (top.length > 0) say(`what its graph has at the top is left out: ${top.join(", ")}`);
    joined.nodes.push(...graph.nodes.map((node) => ({ ...node, owner, id: own.get(node.id)! })));
    joined.edges.push(...graph.edges.map((edge) => ({ ...edge, from: own.get(edge.from)!, to: own.get(edge.to)! })));
  }
  return joined;
}

const isQueue = ({ plugin }: WrittenNode) => plugin.startsWith("sqlite_queue_");

/** The new id of every node of every process; queues, most of which go, take what is left. */
function namesOf(processes: readonly Process[]): Map<string, Map<string, string>> {
  const ids = new UniqueIds();
  const names = new Map(processes.map(({ id }) => [id, new Map<string, string>()]));
  for (const queues of [false, true]) {
    const count = new Map<string, number>();
    const nodes = processes.flatMap(({ id: owner, graph }) =>
      graph.nodes.filter((node) => isQueue(node) === queues).map(({ id }) => ({ owner, id })),
    );
    for (const { id } of nodes) count.set(id, (count.get(id) ?? 0) + 1);
    for (const { owner, id } of nodes) {
      names.get(owner)!.set(id, ids.take(queues || count.get(id)! > 1 ? `${owner}_${id}` : id));
    }
  }
  return names;
}
