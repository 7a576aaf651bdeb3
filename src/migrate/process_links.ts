import { type Path, spotAt, type Tree } from "../graph/raw.ts";
import { type MigrateContext, refuse } from "./context.ts";
import type { WrittenEdge, WrittenNode } from "./written.ts";

/** `owner` is the process the node was in, `file` what its `path` leads to now. */
export type JoinedNode = WrittenNode & { owner: string; file?: string };

/** The graphs of several processes in one. */
export interface Joined {
  nodes: JoinedNode[];
  edges: WrittenEdge[];
}

interface Link {
  from: string;
  to: string;
  /** Absolute, of the queue file. */
  path: string;
  link: Tree;
  base: Path;
}

/** Puts durable edges in place of the sink that filled a queue file, the source that read it, and what removed its rows. */
export function joinByChannel(joined: Joined, link: Link, context: MigrateContext): Joined {
  const of = (plugin: string, owner: string) =>
    joined.nodes.filter((node) => node.plugin === plugin && node.owner === owner && node.file === link.path);
  const [sinks, sources] = [of("sqlite_queue_sink", link.from), of("sqlite_queue_source", link.to)];
  const acks = of("sqlite_queue_ack", link.to);
  const fail = (key: string, what: string) =>
    void refuse(
      ...([context, "MIGRATE_VALUE", spotAt(link.link, [key]), [...link.base, key]] as const),
      `Cannot migrate the link as ${what} with the path of its channel, ${link.path}`,
    );
  if (sinks.length === 0) fail("producer", `process "${link.from}" has no SqliteQueueSink`);
  if (sources.length === 0) fail("consumer", `process "${link.to}" has no SqliteQueueSource`);
  if (sinks.length === 0 || sources.length === 0) return joined;
  tell(sources, acks.length > 0, link, context);
  const ids = (nodes: readonly WrittenNode[]) => new Set(nodes.map(({ id }) => id));
  const [into, out, acked] = [ids(sinks), ids(sources), ids(acks)];
  const across = joined.edges
    .filter(({ to }) => into.has(to))
    .flatMap(({ from }) => joined.edges.filter((edge) => out.has(edge.from)).map(({ to }) => ({ from, to })));
  const passed = through(through(joined.edges, into), acked);
  const gone = new Set([...into, ...out, ...acked]);
  const durable = through(
    across.map((edge) => ({ ...edge, durable: true as const })),
    acked,
    passed,
  );
  return {
    nodes: joined.nodes.filter(({ id }) => !gone.has(id)),
    edges: [
      ...passed.filter(({ from, to }) => !gone.has(from) && !gone.has(to)),
      ...durable.filter(({ to }) => !gone.has(to)),
    ],
  };
}

/** Edges that go through nodes that go: what led into one leads to what is behind it, if it passed packets on. */
function through(edges: readonly WrittenEdge[], gone: ReadonlySet<string>, behind = edges): WrittenEdge[] {
  return edges.flatMap((edge) => {
    if (!gone.has(edge.to)) return [edge];
    const next = behind.filter(({ from }) => from === edge.to).map(({ to }) => ({ ...edge, to }));
    return [edge, ...next];
  });
}

function tell(
  sources: readonly WrittenNode[],
  acks: boolean,
  { path: file, link, base }: Link,
  { leftOuts }: MigrateContext,
) {
  const at = spotAt(link, ["channel"]);
  leftOuts.add(
    at,
    [...base, "channel"],
    `rows that are in ${file} now stay there: drain them before, or read them with sqlite_queue_source`,
  );
  if (!acks)
    leftOuts.add(
      at,
      [...base, "channel"],
      "nothing removed rows from the queue; a durable edge forgets them when they are done",
    );
  for (const { config } of sources) {
    if (config?.limit !== undefined)
      leftOuts.add(
        at,
        [...base, "channel"],
        `limit: ${config.limit} rows a run; a durable edge goes on until it is empty`,
      );
    if (config?.delete_on_emit === true)
      leftOuts.add(at, [...base, "channel"], "delete_on_emit: rows are kept until they are done");
  }
}
