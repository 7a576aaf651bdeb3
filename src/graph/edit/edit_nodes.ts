import { didYouMean } from "../../base/suggest.ts";
import { type Document, isMap, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from "../load.ts";
import { edgeBetween, edgeNamed, edgesIn, fromText, listOf, newEdge, toText } from "./edges.ts";
import { EditRefused } from "./edit_refused.ts";

/** One change of a graph; `node` is YAML, as it stands in a graph's `nodes`. */
export type NodeEdit =
  | { what: "insert"; node: string; on: string; input?: string | undefined; output?: string | undefined }
  /** `cut`: the edges of the node go with it, and nothing is put in their place. */
  | { what: "remove"; id: string; cut: boolean }
  | { what: "replace"; id: string; node: string };

/**
 * Changes the text of a graph that has been read without errors, and leaves its comments and everything else as it is
 * written. What comes out is not checked: whoever runs it reads it as any graph. Throws {@link EditRefused}.
 */
export function editNodes(text: string, edit: NodeEdit): string {
  // Scalars stay as they are written: the core schema would make 1.0 of 1.00.
  const document = parseDocument(text, { schema: "failsafe" }) as unknown as Document;
  const graph = { document, nodes: listAt(document, "nodes"), edges: listAt(document, "edges") };
  if (edit.what === "insert") insert(graph, edit);
  else if (edit.what === "remove") remove(graph, edit);
  else replace(graph, edit);
  return document.toString({ lineWidth: 0 });
}

interface Graph {
  readonly document: Document;
  readonly nodes: YAMLSeq;
  readonly edges: YAMLSeq;
}

function listAt(document: Document, key: "nodes" | "edges"): YAMLSeq {
  const list = document.get(key);
  if (isSeq(list)) return list as unknown as YAMLSeq;
  throw new EditRefused(
    `the text of the graph has no list of ${key} that could be changed`,
    "an old job or process graph is made anew with schnitzel migrate; a graph of one node has nothing to change",
  );
}

function insert({ document, nodes, edges }: Graph, { node, on, input, output }: NodeEdit & { what: "insert" }) {
  const added = nodeOf(node);
  const id = idOf(added);
  if (id === undefined)
    throw new EditRefused("the new node has no id", "write { id: NAME, plugin: NODE, config: { … } }");
  if (idsIn(nodes).includes(id)) {
    throw new EditRefused(`the graph has a node ${id} already`, "choose another id, or use replace");
  }
  const edge = edgeNamed(edgesIn(edges), on);
  const at = edges.items.indexOf(edge.map);
  const ends = [input === undefined ? id : `${id}.${input}`, output === undefined ? id : `${id}.${output}`] as const;
  nodes.add(added);
  // The part before the old consumer keeps what is written on it: a durable edge stays in front of its sink.
  const behind = edgeBetween(document, edge, ends[1], toText(edge));
  edges.items.splice(at, 1, newEdge(document, fromText(edge), ends[0]), behind);
}

function remove({ document, nodes, edges }: Graph, { id, cut }: NodeEdit & { what: "remove" }) {
  const at = placeOf(nodes, id);
  const all = edgesIn(edges);
  const into = all.filter(({ to, from }) => to.id === id && from.id !== id);
  const out = all.filter(({ to, from }) => from.id === id && to.id !== id);
  const bridged = cut || into.length === 0 || out.length === 0 ? [] : into;
  const ports = (ends: readonly { port: string | undefined }[]) => new Set(ends.map(({ port }) => port ?? "")).size;
  if (bridged.length > 0 && (ports(into.map(({ to }) => to)) > 1 || ports(out.map(({ from }) => from)) > 1)) {
    const hint = `--cut leaves these out: ${listOf([...into, ...out])}`;
    throw new EditRefused(`node ${id} has more than one way in or out, so what leads past it cannot be told`, hint);
  }
  const past = bridged.flatMap((first) =>
    out.map((last) => {
      const edge = edgeBetween(document, last, fromText(first), toText(last));
      const written = edge.items.map(({ key }) => String(key));
      const { items } = edgeBetween(document, first, "", "");
      edge.items.push(...items.filter(({ key }) => !written.includes(String(key))));
      return edge;
    }),
  );
  const gone = all.filter(({ from, to }) => from.id === id || to.id === id).map(({ map }) => map as unknown);
  nodes.items.splice(at, 1);
  const rest = edges.items.filter((edge) => !gone.includes(edge));
  edges.items.splice(0, edges.items.length, ...rest, ...past);
}

function replace({ nodes }: Graph, { id, node }: NodeEdit & { what: "replace" }) {
  const at = placeOf(nodes, id);
  const added = nodeOf(node);
  const given = idOf(added);
  if (given !== undefined && given !== id) {
    throw new EditRefused(
      `node ${id} cannot be replaced by one with id ${given}`,
      "leave id out: edges and state know the node by it",
    );
  }
  const whole = nodeOf(`{ id: ${id} }`);
  if (given === undefined) added.items.unshift(...whole.items);
  nodes.items[at] = added;
}

function nodeOf(text: string): YAMLMap {
  const { contents, errors } = parseDocument(text, { schema: "failsafe" });
  const reason = errors[0]?.message.split("\n")[0] ?? (isMap(contents) ? undefined : "it is no map");
  if (reason === undefined) return contents as unknown as YAMLMap;
  throw new EditRefused(`cannot read the node "${text}": ${reason}`, "write { id: NAME, plugin: NODE, config: { … } }");
}

const idOf = (node: unknown) => (isMap(node) ? (node.get("id") as string | undefined) : undefined);
const idsIn = ({ items }: YAMLSeq) => items.map(idOf).filter((id) => id !== undefined);

function placeOf(nodes: YAMLSeq, id: string): number {
  const at = nodes.items.findIndex((node) => idOf(node) === id);
  if (at !== -1) return at;
  const ids = idsIn(nodes);
  const near = didYouMean(id, ids);
  const known = `nodes are ${ids.slice(0, 20).join(", ")}${ids.length > 20 ? ", …" : ""}`;
  throw new EditRefused(`the graph has no node ${id}`, near === undefined ? known : `did you mean ${near}? ${known}`);
}
