import type { NodeRun } from "../node_run.ts";
import type { EdgeRun, Producer } from "../producer.ts";
import { SourceRun } from "../source_run.ts";
import { Group } from "./group.ts";
import type { SourceTime } from "./source_time.ts";

/** A node with `advance`, and what its watermark depends on. */
export interface Reach {
  readonly node: NodeRun;
  readonly group: Group;
  /** Everything that leads to it, itself not. */
  readonly producers: readonly Producer[];
  /** Nodes among these, and itself. */
  readonly nodes: readonly NodeRun[];
  /** Nodes among these with `advance`. */
  readonly advanced: readonly NodeRun[];
}

/** Follows edges back to the sources. What closes a cycle is left out: a node does not wait for itself. */
export class Leading {
  /** Each set of sources once. */
  readonly groups: Group[] = [];
  readonly #into: Map<Producer, EdgeRun[]>;
  readonly #groupOf = new Map<NodeRun, Group>();
  readonly #timeOf: (source: SourceRun) => SourceTime | undefined;

  /** `timeOf` gives undefined for a source that event time does not wait for. */
  constructor(edges: readonly EdgeRun[], timeOf: (source: SourceRun) => SourceTime | undefined) {
    this.#into = Map.groupBy(
      edges.filter(({ feedback }) => !feedback),
      ({ to }) => to,
    );
    this.#timeOf = timeOf;
  }

  /** What leads to a node with `advance`. */
  to(node: NodeRun): Reach {
    const producers = new Set<Producer>([node]);
    // What is added is looked at as well.
    for (const one of producers) for (const { from } of this.#into.get(one) ?? []) producers.add(from);
    producers.delete(node);
    const before = [...producers].filter((one) => !(one instanceof SourceRun)) as NodeRun[];
    // Upstream first: the groups of these are made of each other.
    before.sort((a, b) => a.rank - b.rank);
    for (const one of before) this.group(one);
    const advanced = before.filter(({ timed }) => timed?.advances);
    return { node, group: this.group(node), producers: [...producers], nodes: [...before, node], advanced };
  }

  /** The sources that lead to a node; those before it are known already. */
  group(node: NodeRun): Group {
    const known = this.#groupOf.get(node);
    if (known !== undefined) return known;
    const sources = new Set<SourceTime>();
    for (const { from } of this.#into.get(node) ?? []) {
      for (const source of this.#sourcesOf(from)) sources.add(source);
    }
    const group = this.#shared(sources);
    this.#groupOf.set(node, group);
    return group;
  }

  #sourcesOf(from: Producer): readonly SourceTime[] {
    if (!(from instanceof SourceRun)) return this.group(from as NodeRun).sources;
    return [this.#timeOf(from)].filter((time) => time !== undefined);
  }

  #shared(sources: ReadonlySet<SourceTime>): Group {
    const same = this.groups.find(
      (group) => group.sources.length === sources.size && group.sources.every((one) => sources.has(one)),
    );
    if (same !== undefined) return same;
    const made = new Group([...sources]);
    this.groups.push(made);
    return made;
  }
}
