import type { NodeDefinition, Ports } from "../node/index.ts";
import type { CellOptions } from "./blackboard.ts";
import type { Place } from "./diagnostic.ts";
import type { DurableOptions, PlanNode, RuntimeOptions } from "./plan.ts";
import type { Path } from "./tree.ts";

/** A node as the rules see it: read, resolved as far as possible, with the places of its parts. */
export interface DraftNode {
  readonly index: number;
  readonly id: string;
  /** What the id begins with when the node stands in a file that another node brings in: `yard/`. */
  readonly scope?: string;
  /** Where relative paths in its config start, from the graph's folder; undefined: there. */
  readonly folder?: string;
  readonly plugin: string;
  /** As written, trimmed. */
  readonly kind: string | undefined;
  /** `nodes[3]`. */
  readonly path: string;
  /** Place of the id. */
  readonly place: Place;
  /** Place of a part, such as `["config", "limit"]`. */
  at(path: Path, what?: "key" | "value"): Place;
  readonly runtime: RuntimeOptions;
  /** Parts of `runtime` that are written in the file. */
  readonly runtimeKeys: readonly string[];
  /** Of `runtime.inbox`, too. */
  readonly inboxKeys: readonly string[];
  /** Undefined when the address leads nowhere; rules that need it pass such a node over. */
  readonly definition: NodeDefinition | undefined;
  /** Addressed as in the predecessor, which knew no ports. */
  readonly legacy: boolean;
  readonly origin: PlanNode["origin"];
  /** Undefined unless the config is valid. */
  readonly config: { value: unknown } | undefined;
  readonly inputs: Ports | undefined;
  readonly outputs: Ports | undefined;
  /** Of an interceptor: id of the source it stands behind, or of the sink it stands before. */
  readonly intercepts?: string;
}

export interface DraftEnd {
  /** As written: `person` or `person.detections`. */
  readonly text: string;
  /** Index of the node, or -1 when there is none of that name. */
  readonly node: number;
  /** Port asked for, if any. */
  readonly asked: string | undefined;
  /** Port it leads to; undefined when unknown, ambiguous or not needed. */
  readonly port: string | undefined;
  readonly place: Place;
  /** Written as the port of a file; what that stands for is checked where it is declared. */
  readonly exposed?: boolean;
}

/** A port of a file that a node brings in, and the end it stands for. */
export interface DraftExposed {
  readonly side: "in" | "out";
  readonly name: string;
  readonly node: string;
  readonly asked: string | undefined;
  readonly place: Place;
}

export interface DraftEdge {
  readonly index: number;
  /** `edges[3]`. */
  readonly path: string;
  readonly place: Place;
  readonly from: DraftEnd;
  readonly to: DraftEnd;
  /** False: refused by the graph, whatever it says of all edges. Undefined: it does not say. */
  readonly durable?: DurableOptions | false;
  readonly payloadRefOver?: number;
  /** Place of a key's value, such as `durable`; of the edge when it has no such key. */
  at(key: string): Place;
}

/** A cell of the blackboard, as written. */
export interface DraftCell {
  readonly name: string;
  readonly options: CellOptions;
  /** Place of a part, such as `["initial"]`. */
  at(path: Path, what?: "key" | "value"): Place;
}

/** A whole graph for the rules to look at. */
export interface Draft {
  readonly compat: boolean;
  /** Place of `nodes`, for findings about the graph as a whole. */
  readonly place: Place;
  readonly nodes: readonly DraftNode[];
  readonly edges: readonly DraftEdge[];
  readonly cells: readonly DraftCell[];
  /** Names of all cells that are written, also of those that could not be read. */
  readonly cellNames?: readonly string[];
  /** Ports of the files that nodes bring in. */
  readonly exposed?: readonly DraftExposed[];
  /** Ids of nodes that could not be read; an edge to one is not an edge to nowhere. */
  readonly unreadIds: ReadonlySet<string>;
  /** True when some node or edge could not be read, so what seems missing may be among them. */
  readonly incomplete: boolean;
}

/** An edge end before it is joined to a node. */
export interface LooseEnd {
  text: string;
  port: string | undefined;
  place: Place;
  exposed?: boolean;
}

export interface LooseEdge {
  index: number;
  path: string;
  place: Place;
  from: LooseEnd;
  to: LooseEnd;
  durable?: DurableOptions | false;
  payloadRefOver?: number;
  at(key: string): Place;
}

/**
 * Joins the ends of edges to nodes and ports. What leads nowhere stays open, for the rules to report. `durableSinks`:
 * an edge into a node whose effects leave the process is durable unless it says otherwise.
 */
export function connect(
  nodes: readonly DraftNode[],
  edges: readonly LooseEdge[],
  durableSinks: DurableOptions | undefined,
): DraftEdge[] {
  const indexes = new Map<string, number>();
  // The first of two nodes with one id; the second is reported by itself.
  for (const node of nodes) if (!indexes.has(node.id)) indexes.set(node.id, node.index);
  return edges.map((edge) => {
    const from = joinEnd(edge.from, indexes, nodes, "outputs");
    const to = joinEnd(edge.to, indexes, nodes, "inputs");
    const durable = edge.durable ?? (nodes[to.node]?.definition?.outside ? durableSinks : undefined);
    return { ...edge, from, to, ...(durable === undefined ? {} : { durable }) };
  });
}

/** The node and port that an end leads to; -1 and undefined where there is none. */
export function joinEnd(
  end: LooseEnd,
  indexes: ReadonlyMap<string, number>,
  nodes: readonly DraftNode[],
  side: "inputs" | "outputs",
): DraftEnd {
  const { text, place, exposed } = end;
  const [id, dotted] = indexes.has(text) ? [text] : splitPort(text);
  const index = indexes.get(id) ?? -1;
  const asked = end.port ?? dotted;
  const node = nodes[index];
  const port = node && choosePort(node, side, asked);
  return { text, node: index, asked, place, port, ...(exposed ? { exposed } : {}) };
}

/** `person.detections` as node and port. */
export function splitPort(text: string): [id: string, port?: string] {
  const dot = text.lastIndexOf(".");
  return dot <= 0 ? [text] : [text.slice(0, dot), text.slice(dot + 1)];
}

/** The port that an edge means; undefined when there is none, or several. */
export function choosePort(node: DraftNode, side: "inputs" | "outputs", asked: string | undefined): string | undefined {
  const names = Object.keys(node[side] ?? {});
  // The predecessor wrote port labels and never looked at them.
  if (node.legacy) return names[0];
  if (asked !== undefined) return names.includes(asked) ? asked : undefined;
  return side === "outputs" || names.length === 1 ? names[0] : undefined;
}
