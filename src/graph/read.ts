import { cellOptions, type WrittenCell } from "./blackboard.ts";
import { checkpointOptions } from "./checkpoint.ts";
import type { WrittenDelivery } from "./delivery.ts";
import type { LooseEdge } from "./draft.ts";
import { eventTimeOptions } from "./event_time.ts";
import type { Findings } from "./findings.ts";
import type { EventTimeOptions, GraphPlan } from "./plan.ts";
import { readEdge } from "./read_edge.ts";
import { type ReadInterceptor, readInterceptors } from "./read_interceptor.ts";
import { type ReadNode, readNode } from "./read_node.ts";
import { Reader, without } from "./reader.ts";
import { graphShape, STRAY_KEYS } from "./schema.ts";
import { isUse, type ReadUse, readUse } from "./subgraph/read_use.ts";
import { childOf, isNull, type MapTree, type Tree } from "./tree.ts";

/** Nodes and edges as written, before plugins are looked up. */
export interface GraphParts {
  nodes: ReadNode[];
  /** Nodes that bring in a file. */
  uses: ReadUse[];
  edges: LooseEdge[];
  /** Ids of nodes that could not be read. */
  unreadIds: Set<string>;
  /** True when some part could not be read, so what seems missing may be there. */
  incomplete: boolean;
}

/** A graph as written. */
export interface ReadGraph extends GraphParts {
  name: string | undefined;
  http: { listen: string } | undefined;
  /** `durable: sinks`: every edge into an outside sink is durable. */
  durable: "sinks" | undefined;
  /** For every node whose effects leave the process. */
  delivery: WrittenDelivery | undefined;
  event_time: Partial<EventTimeOptions> | undefined;
  checkpoint: GraphPlan["checkpoint"];
  /** In the order of the file. */
  cells: WrittenCell[];
  /** `ingress`, then `egress`. */
  interceptors: ReadInterceptor[];
}

const SIDES = ["ingress", "egress"] as const;

/** Reads the shape of a document whose scalars have values; every fault is reported at its place. */
export function readGraph(root: MapTree, compat: boolean, findings: Findings): ReadGraph {
  const reader = new Reader(compat, findings);
  const errors = findings.errors;
  const top = readTop(root, reader);
  const parts = readParts(root, reader);
  const interceptors = SIDES.flatMap((side) => readInterceptors(side, childOf(root, side), reader));
  const incomplete = parts.incomplete || findings.errors > errors;
  return {
    name: top?.name,
    http: top?.http,
    durable: top?.durable,
    delivery: top?.delivery,
    cells: cellOptions(top?.blackboard),
    event_time: top?.event_time && eventTimeOptions(top.event_time),
    checkpoint: checkpointOptions(top?.checkpoint),
    interceptors,
    ...parts,
    incomplete,
  };
}

/** Reads `nodes` and `edges`, of a graph or of a file that one brings in. */
export function readParts(root: MapTree, reader: Reader): GraphParts {
  const errors = reader.findings.errors;
  const unreadIds = new Set<string>();
  const nodes: ReadNode[] = [];
  const uses: ReadUse[] = [];
  let unread = false;
  for (const [index, tree] of items(root, "nodes", reader).entries()) {
    if (isUse(tree)) keep(uses, readUse(tree, index, reader), tree);
    else keep(nodes, readNode(tree, index, reader), tree);
  }
  const edgeTrees = items(root, "edges", reader);
  const edges = edgeTrees.flatMap((tree, index) => readEdge(tree, index, reader) ?? []);
  const incomplete = unread || edges.length < edgeTrees.length || reader.findings.errors > errors;
  return { nodes, uses, edges, unreadIds, incomplete };

  function keep<Part>(parts: Part[], part: Part | undefined, tree: Tree) {
    if (part !== undefined) parts.push(part);
    else {
      unread = true;
      rememberId(tree, unreadIds);
    }
  }
}

function readTop(root: MapTree, reader: Reader) {
  // Nodes and edges are read one by one. In an old graph they had any shape, and `config` was never used.
  const lists = [
    ...["nodes", "edges"].filter((key) => reader.compat || childOf(root, key)?.type === "list"),
    // Read by themselves, whatever stands there.
    ...SIDES,
  ];
  // A key with nothing behind it, as when all its lines are comments, is a key left out.
  const empty = [
    "nodes",
    "edges",
    "vars",
    "http",
    "durable",
    "delivery",
    "event_time",
    "checkpoint",
    "blackboard",
    "profile",
    "profiles",
  ].filter((key) => isNull(childOf(root, key)));
  const left = [...lists, ...empty, ...(reader.compat ? ["config"] : [])];
  const rest = without(reader.built(root, "graph", []), left);
  return reader.shape(graphShape, rest, [], { subject: "the graph", strayKeys: STRAY_KEYS.graph });
}

function items(root: MapTree, key: "nodes" | "edges", reader: Reader): readonly Tree[] {
  const tree = childOf(root, key);
  if (tree?.type === "list") return tree.items;
  if (tree && !isNull(tree) && reader.compat)
    reader.warn("SLOPPY_SHAPE", tree, [key], `${key} is no list and counts as empty`);
  return [];
}

function rememberId(node: Tree, unreadIds: Set<string>) {
  const id = childOf(node, "id") ?? childOf(node, "node_id");
  if (id?.type === "scalar") unreadIds.add(id.text.trim());
}
