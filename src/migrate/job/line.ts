import type { UniqueIds } from "../unique_ids.ts";
import type { WrittenEdge, WrittenNode } from "../written.ts";
import type { Chain } from "./model.ts";

/** Nodes and edges of the graph that is being made. */
export interface Parts {
  nodes: WrittenNode[];
  edges: WrittenEdge[];
}

/** The nodes of one camera, one behind the other. */
export class Line {
  readonly #prefix: string;
  readonly #ids: UniqueIds;
  readonly #parts: Parts;
  /** What the next node is behind, besides `end`. */
  #others: string[] = [];
  end = "";

  constructor(prefix: string, ids: UniqueIds, parts: Parts) {
    this.#prefix = prefix;
    this.#ids = ids;
    this.#parts = parts;
  }

  begin(node: Omit<WrittenNode, "id">) {
    this.end = this.#prefix;
    this.#parts.nodes.push({ id: this.end, ...node });
  }

  /** A node that is in nobody's way. */
  side(as: string, node: Omit<WrittenNode, "id">): string {
    const id = this.#ids.take(`${this.#prefix}_${as}`);
    this.#parts.nodes.push({ id, ...node });
    return id;
  }

  next(as: string, node: Omit<WrittenNode, "id">, port?: string) {
    const id = this.side(as, node);
    this.to(port === undefined ? id : `${id}.${port}`);
    this.end = id;
    this.#others = [];
  }

  /** Leads what is at the end somewhere. */
  to(target: string) {
    for (const from of [this.end, ...this.#others]) this.edge(from, target);
  }

  /** A port that leads to the next node as well. */
  also(from: string) {
    this.#others.push(from);
  }

  edge(from: string, to: string) {
    this.#parts.edges.push({ from, to });
  }

  /** A chain beside others; gives the ids of its nodes. */
  branch(from: string, chain: Chain): string[] {
    const ids: string[] = [];
    for (const { as, from: port, ...node } of chain) {
      const id = this.side(as, node);
      const before = ids.at(-1);
      this.edge(before === undefined ? from : port === undefined ? before : `${before}.${port}`, id);
      ids.push(id);
    }
    return ids;
  }

  /** A node behind several. */
  join(as: string, node: Omit<WrittenNode, "id">, from: readonly string[]) {
    const id = this.side(as, node);
    for (const one of from) this.edge(one, id);
    this.end = id;
  }
}
