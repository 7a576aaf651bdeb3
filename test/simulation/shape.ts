import type { DurableOptions, RuntimeOptions } from "../../src/graph/plan.ts";
import type { DeliveryOptions } from "../../src/node/index.ts";
import { lot } from "./chance.ts";

/** What goes wrong inside a node. */
export type Trouble =
  | "none"
  /** Any try may fail. */
  | "flaky"
  /** Any try may find the outside away. */
  | "moody"
  /** Some facts fail at every try. */
  | "poison"
  /** Some facts take the process along. */
  | "killer";

export interface ShapeNode {
  readonly id: string;
  readonly role: "source" | "middle" | "sink";
  /** A middle node: everything goes on, some facts do not, or each becomes none, one or more. */
  readonly output: "pass" | "filter" | "split";
  /** How the many of a split leave. */
  readonly by: "emit" | "iterator" | "async_iterator";
  /** The many get keys of their own; else they all have the key of the one. */
  readonly rekeys: boolean;
  /** `process` gives a promise. */
  readonly later: boolean;
  trouble: Trouble;
  /** A middle node: packets stay in its hands for a while, and leave when it is woken. */
  keeps: boolean;
  readonly runtime: Pick<RuntimeOptions, "inbox" | "concurrency" | "ordered" | "on_error" | "max_retries"> & {
    delivery?: DeliveryOptions;
  };
}

export interface ShapeEdge {
  readonly index: number;
  readonly from: ShapeNode;
  readonly to: ShapeNode;
  /** Options of the next life; undefined: in memory. */
  durable: DurableOptions | undefined;
}

/** Names the row of a durable edge that a packet came out of last. */
export interface RowName {
  readonly edge: ShapeEdge;
  /** The packet's path when it was enqueued. */
  readonly path: string;
}

/** Share of the facts that a poisonous node cannot bear, and of those that kill. */
const POISON = 0.15;
const KILL = 0.04;

/**
 * A random small graph, and what must come out of it. A packet carries the path it took, `s0>n1.2>n3`: nodes in order,
 * with the number of the packet where one became many. So every effect at a sink has a name of its own.
 */
export class Shape {
  readonly nodes: readonly ShapeNode[];
  readonly edges: readonly ShapeEdge[];
  readonly #byId: ReadonlyMap<string, ShapeNode>;
  readonly #out: ReadonlyMap<ShapeNode, readonly ShapeEdge[]>;
  readonly #between: ReadonlyMap<string, ShapeEdge>;

  constructor(nodes: readonly ShapeNode[], edges: readonly ShapeEdge[]) {
    this.nodes = nodes;
    this.edges = edges;
    this.#byId = new Map(nodes.map((node) => [node.id, node]));
    this.#out = Map.groupBy(edges, ({ from }) => from);
    this.#between = new Map(edges.map((edge) => [`${edge.from.id}>${edge.to.id}`, edge]));
  }

  node(id: string): ShapeNode {
    return this.#byId.get(id)!;
  }

  get durableEdges(): ShapeEdge[] {
    return this.edges.filter(({ durable }) => durable !== undefined);
  }

  /** Everything a fact of this source does at the sinks, as paths that end there. */
  effects(fact: string, source: string): string[] {
    return this.#effects(fact, this.node(source), source);
  }

  #effects(fact: string, node: ShapeNode, path: string): string[] {
    return (this.#out.get(node) ?? []).flatMap(({ to }) => {
      if (to.role === "sink") return [`${path}>${to.id}`];
      return outputs(to, fact).flatMap((name) => this.#effects(fact, to, `${path}>${name}`));
    });
  }

  /** The row that a packet with this path belongs to; `path` ends with the node that has it. */
  rowOf(path: string): RowName | undefined {
    const names = path.split(">");
    for (let at = names.length - 1; at > 0; at--) {
      const edge = this.#between.get(`${idOf(names[at - 1]!)}>${idOf(names[at]!)}`);
      if (edge?.durable !== undefined) return { edge, path: names.slice(0, at).join(">") };
    }
    return undefined;
  }

  /** A node may keep what comes out of a durable edge, before the next one. */
  keptBehind(edge: ShapeEdge): boolean {
    const behind = new Set([edge.to]);
    // What is added is looked at as well.
    for (const node of behind) {
      for (const { to, durable } of this.#out.get(node) ?? []) if (durable === undefined) behind.add(to);
    }
    return [...behind].some(({ keeps }) => keeps);
  }

  /** Edges of a path in order. */
  edgesOf(path: string): ShapeEdge[] {
    const ids = path.split(">").map(idOf);
    return ids.slice(1).map((id, at) => this.#between.get(`${ids[at]}>${id}`)!);
  }

  /** True when a packet can come here without having been in a file. */
  exposed(node: ShapeNode): boolean {
    if (node.role === "source") return true;
    return this.edges.some(({ from, to, durable }) => to === node && durable === undefined && this.exposed(from));
  }
}

/** Names under which a packet leaves a middle node. */
export function outputs({ id, output }: ShapeNode, fact: string): string[] {
  const chance = lot(`${id}/${fact}`);
  if (output === "pass") return [id];
  if (output === "filter") return chance < 0.6 ? [id] : [];
  return Array.from({ length: Math.floor(chance * 4) }, (_, at) => `${id}.${at}`);
}

export const isPoison = ({ id, trouble }: ShapeNode, fact: string) =>
  trouble === "poison" && lot(`${fact} at ${id}`) < POISON;

export const isKiller = ({ id, trouble }: ShapeNode, fact: string) =>
  trouble === "killer" && lot(`${fact} at ${id}`) < KILL;

export const idOf = (name: string) => name.split(".", 1)[0]!;
