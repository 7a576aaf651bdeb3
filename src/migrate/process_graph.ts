import { childOf, type MapTree, nameOf, type Path, plain, show, spotAt, type Tree } from "../graph/raw.ts";
import { commentsOf } from "./comments.ts";
import { type MigrateContext, refuse } from "./context.ts";
import { type OldDocument, textOf } from "./document.ts";
import { isVersionOne } from "./job/version.ts";
import { type Joined, joinByChannel } from "./process_links.ts";
import { type Channel, itemsOf, type Process, readChannels, readProcesses } from "./process_parts.ts";
import { UniqueIds } from "./unique_ids.ts";
import type { WrittenGraph, WrittenNode } from "./written.ts";

const CODE = "MIGRATE_VALUE";
const KEYS = ["version", "processes", "channels", "links"];

/** A process graph, whose processes met in SQLite queues, as one graph with durable edges in their place. */
export async function newGraphOfProcesses(
  document: OldDocument,
  context: MigrateContext,
): Promise<WrittenGraph | undefined> {
  const { resolved, source } = document;
  checkVersion(resolved, context);
  const channels = readChannels(resolved, source.baseDir, context);
  const processes = await readProcesses(document, context);
  const links = itemsOf(resolved, "links", ["producer", "consumer", "channel"], context);
  if (context.findings.errors > 0) return undefined;
  let joined: Joined = merged(processes.values(), context);
  const used = new Set<string>();
  for (const [at, link] of links.entries()) {
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
    used.add(channel.path);
  }
  // A link that is wrong may be the one that a channel lacks.
  if (context.findings.errors === 0) refuseUnused(channels, used, context);
  for (const key of resolved.entries.keys())
    if (!KEYS.includes(key)) context.leftOuts.at(resolved, [key], "a process graph has no such key");
  const comments = commentsOf(document.raw, [], document.raw.end);
  const { nodes, edges } = joined;
  return {
    ...{ name: nameOf(source.path), nodes: nodes.map(({ owner: _, file: __, ...node }) => node), edges },
    comments: [...comments.head, ...[...processes.values()].flatMap(({ graph }) => graph.comments)],
  };
}

function checkVersion(root: MapTree, context: MigrateContext) {
  const version = childOf(root, "version");
  if (version === undefined || isVersionOne(root)) return;
  const why = `its version must be 1: current value is ${show(plain(version))}`;
  refuse(context, CODE, spotAt(root, ["version"]), ["version"], `Cannot migrate the process graph as ${why}`);
}

function refuseUnused(channels: ReadonlyMap<string, Channel>, used: ReadonlySet<string>, context: MigrateContext) {
  for (const [id, { path: file, tree }] of channels) {
    if (used.has(file)) continue;
    const message = `Cannot migrate the channel as no link has it, "${id}": each channel joins two processes`;
    refuse(context, CODE, spotAt(tree, []), ["channels"], message, "name it in a link, or take it out");
  }
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
    joined.nodes.push(
      ...graph.nodes.map((node) => joinedNode({ ...node, id: own.get(node.id)! }, owner, graph.files.get(node.id))),
    );
    joined.edges.push(...graph.edges.map((edge) => ({ ...edge, from: own.get(edge.from)!, to: own.get(edge.to)! })));
  }
  return joined;
}

const joinedNode = (node: WrittenNode, owner: string, file: string | undefined) => ({
  ...{ ...node, owner },
  ...(file === undefined ? {} : { file }),
});

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
