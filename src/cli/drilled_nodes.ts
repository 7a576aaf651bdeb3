import type { GraphPlan } from "../graph/index.ts";
import { UsageError } from "./command/index.ts";

/** What the drill looks at in a config that its definition has checked. */
interface SourceConfig {
  path: string;
  token?: string;
  tls?: object;
  body: string;
  methods: readonly string[];
  accept: readonly string[];
}

interface SinkConfig {
  batch?: object;
  egress?: object;
}

export interface DrilledNodes {
  readonly source: { readonly id: string; readonly config: SourceConfig };
  readonly sink: { readonly id: string; readonly config: SinkConfig };
}

/** The nodes between which a graph is drilled; a {@link UsageError} says why there are none. */
export function drilledNodes(plan: GraphPlan): DrilledNodes {
  const source = onlyNode(plan, "http_source", "the drill posts packets to it");
  const sink = onlyNode(plan, "http_sink", "the drill takes its deliveries");
  const nodes = {
    source: { id: source.id, config: source.config as SourceConfig },
    sink: { id: sink.id, config: sink.config as SinkConfig },
  };
  expectNoOther(plan, sink.id);
  expectFit(nodes);
  return nodes;
}

function onlyNode({ nodes }: GraphPlan, name: string, why: string) {
  const found = nodes.filter(({ definition }) => definition.name === name);
  if (found.length === 1) return found[0]!;
  const ids = found.map(({ id }) => id).join(", ");
  throw new UsageError(
    `cannot drill this graph as it has ${found.length === 0 ? `no ${name}` : `${found.length} nodes ${name}: ${ids}`}`,
    `a graph under drill has exactly one ${name}: ${why}`,
  );
}

/** Packets made up by a drill must reach nobody but the drill. */
function expectNoOther({ nodes }: GraphPlan, sink: string) {
  const other = nodes.find(({ id, definition }) => definition.outside && id !== sink);
  if (other === undefined) return;
  throw new UsageError(
    `cannot drill this graph as node ${other.id} (${other.definition.name}) would send the drill's packets outside`,
    "drill a copy of the graph in which an http_sink takes its place",
  );
}

function expectFit({ source: { id: sourceId, config: source }, sink: { id: sinkId, config: sink } }: DrilledNodes) {
  const unfit: [boolean, string][] = [
    [source.tls !== undefined, `${sourceId} takes HTTPS, and the drill posts HTTP: drill a copy without config.tls`],
    [source.body !== "payload", `${sourceId} takes whole packets: drill a copy with config.body: payload`],
    [!source.methods.includes("POST"), `${sourceId} does not take POST: add it to config.methods`],
    [!source.accept.includes("json"), `${sourceId} does not take JSON: add it to config.accept`],
    [
      sink.batch !== undefined,
      `${sinkId} sends batches, which do not name their packets: drill a copy without config.batch`,
    ],
  ];
  const found = unfit.find(([is]) => is);
  if (found !== undefined) throw new UsageError(`cannot drill this graph as ${found[1]}`);
}
