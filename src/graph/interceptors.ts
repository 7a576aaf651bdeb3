import { didYouMean } from "../base/suggest.ts";
import { refusing } from "../node/index.ts";
import { type Draft, type DraftEdge, type DraftEnd, type DraftNode, joinEnd } from "./draft.ts";
import type { Findings } from "./findings.ts";
import { type Group, groupsOf } from "./interceptor_groups.ts";
import { misfit } from "./interceptor_misfit.ts";
import type { ReadInterceptor } from "./read_interceptor.ts";
import { selectorText } from "./selector.ts";
import { placeOf, spotAt } from "./tree.ts";

/** Looks up an interceptor's plugin and checks its config; `id` names the node that findings are about. */
export type ResolveInterceptor = (one: ReadInterceptor, id: string) => DraftNode;

/**
 * Puts interceptors into the graph as nodes like any other, before the rules look at it: behind sources, before sinks, in
 * the order they are listed. A durable edge stays behind them: what reaches the disk has passed them.
 *
 * Ingress comes first, so that what an ingress interceptor sends to a sink by a further output meets egress, too. What an
 * egress interceptor sends there is not intercepted again.
 */
export function expandInterceptors(
  draft: Draft,
  interceptors: readonly ReadInterceptor[],
  resolve: ResolveInterceptor,
  findings: Findings,
): Draft {
  let expanded = draft;
  for (const side of ["ingress", "egress"] as const) {
    const chain = interceptors.filter((one) => one.side === side);
    if (chain.length > 0) expanded = new Expansion(expanded, resolve, findings).run(chain);
  }
  return expanded;
}

/** An interceptor at the first node it was put at; the others are copies. */
interface Model {
  readonly node: DraftNode;
  readonly input: string;
  readonly output: string;
  readonly targets: readonly { port: string; end: DraftEnd }[];
}

class Expansion {
  readonly #draft: Draft;
  readonly #resolve: ResolveInterceptor;
  readonly #findings: Findings;
  readonly #nodes: DraftNode[];
  readonly #edges: DraftEdge[];
  readonly #indexes: Map<string, number>;
  readonly #models = new Map<ReadInterceptor, Model | undefined>();

  constructor(draft: Draft, resolve: ResolveInterceptor, findings: Findings) {
    this.#draft = draft;
    this.#resolve = resolve;
    this.#findings = findings;
    this.#nodes = [...draft.nodes];
    this.#edges = [...draft.edges];
    this.#indexes = new Map(draft.nodes.map(({ id, index }) => [id, index]));
  }

  run(chain: readonly ReadInterceptor[]): Draft {
    for (const group of groupsOf(this.#draft, chain)) this.#put(group);
    for (const one of chain) if (!this.#models.has(one)) this.#tellUnused(one);
    return { ...this.#draft, nodes: this.#nodes, edges: this.#edges };
  }

  /** One chain of nodes behind a source's output, or before a sink's input. */
  #put({ at, side, port, isDefault, edges, chain }: Group) {
    const place = isDefault ? at.id : `${at.id}.${port}`;
    const links = chain.flatMap((one) => this.#add(one, at, place) ?? []);
    const [first, last] = [links[0], links.at(-1)];
    if (first === undefined || last === undefined) return;
    for (const [step, link] of links.slice(1).entries()) this.#connect(link.node, out(links[step]!), into(link));
    const original = this.#edges[edges[0]!]!;
    if (side === "ingress") this.#connect(first.node, original.from, into(first));
    else this.#edges.push({ ...original, index: this.#edges.length, from: out(last) });
    for (const edge of edges) {
      const { durable: _, payloadRefOver: __, ...plain } = this.#edges[edge]!;
      this.#edges[edge] =
        side === "ingress" ? { ...this.#edges[edge]!, from: out(last) } : { ...plain, to: into(first) };
    }
  }

  /** A node of this interceptor; undefined when it cannot be one, which is reported once. */
  #add(one: ReadInterceptor, at: DraftNode, place: string): (Model & { node: DraftNode }) | undefined {
    const id = this.#freeId(`${one.side}.${one.label}.${place}`);
    const isFirst = !this.#models.has(one);
    if (isFirst) this.#models.set(one, this.#model(one, id));
    const model = this.#models.get(one);
    if (model === undefined) return undefined;
    // What is written once is looked at once.
    const keys = isFirst ? {} : { runtimeKeys: [], inboxKeys: [] };
    const node = { ...model.node, ...keys, index: this.#nodes.length, id, intercepts: at.id };
    this.#indexes.set(id, node.index);
    this.#nodes.push(node);
    for (const { port, end } of model.targets) {
      if (!isFirst && end.port === undefined) continue;
      this.#connect(node, endAt(node, port), end);
    }
    return { ...model, node };
  }

  #model(one: ReadInterceptor, id: string): Model | undefined {
    const found = this.#resolve(one, id);
    const { definition, inputs, outputs, at } = found;
    if (definition === undefined || inputs === undefined || outputs === undefined) return undefined;
    const place = at([one.tree.entries.has("name") ? "name" : "plugin"]);
    const fault = misfit(one, id, definition, inputs, outputs);
    if (fault !== undefined) {
      this.#findings.add({
        ...fault,
        code: "INTERCEPTOR_MISFIT",
        severity: "error",
        place: at(["plugin"]),
        path: one.path,
      });
      return undefined;
    }
    const [output, ...others] = Object.keys(outputs) as [string, ...string[]];
    for (const port of one.outputs.keys()) if (!others.includes(port)) this.#unknownOutput(one, id, port, others);
    const targetOf = (port: string) => one.outputs.get(port)?.target ?? "dead_letter";
    const refused = others.filter((port) => targetOf(port) === "dead_letter");
    const kept = Object.fromEntries(Object.entries(outputs).filter(([port]) => !refused.includes(port)));
    return {
      node: { ...found, place, path: one.path, definition: refusing(definition, refused), outputs: kept },
      input: Object.keys(inputs)[0]!,
      output,
      targets: others
        .filter((port) => !["dead_letter", "drop"].includes(targetOf(port)))
        .map((port) => ({ port, end: this.#targetEnd(one, port) })),
    };
  }

  #targetEnd(one: ReadInterceptor, port: string): DraftEnd {
    const { target, place } = one.outputs.get(port)!;
    return joinEnd({ text: target, port: undefined, place }, this.#indexes, this.#draft.nodes, "inputs");
  }

  #unknownOutput({ path, outputs, plugin }: ReadInterceptor, id: string, port: string, known: readonly string[]) {
    const near = didYouMean(port, known);
    const has = known.length === 0 ? "it has no further output" : `its further outputs are ${known.join(", ")}`;
    this.#findings.add({
      code: "UNKNOWN_PORT",
      severity: "error",
      message: `Cannot lead output "${port}" of "${id}" (${plugin}) anywhere: ${has}, and what leaves by the first goes on`,
      place: outputs.get(port)!.place,
      path,
      ...(near === undefined ? {} : { hint: `did you mean ${near}?` }),
    });
  }

  #tellUnused(one: ReadInterceptor) {
    // Its plugin and config are checked all the same.
    this.#model(one, `${one.side}.${one.label}`);
    if (this.#draft.incomplete) return;
    const what = one.side === "ingress" ? "source that sends anything" : "sink that gets anything";
    this.#findings.add({
      code: "INTERCEPTOR_UNUSED",
      severity: "warning",
      message: `Interceptor ${one.path} (${one.plugin}) stands nowhere as its match (${selectorText(one.selector)}) meets no ${what}`,
      place: placeOf(spotAt(one.tree, [one.tree.entries.has("match") ? "match" : "plugin"])),
      path: one.path,
      hint: "match nodes that are there, or remove it",
    });
  }

  #connect({ place, path, at }: DraftNode, from: DraftEnd, to: DraftEnd) {
    this.#edges.push({ index: this.#edges.length, path, place, at: (key) => at([key]), from, to });
  }

  /** Ids of nodes have no dots in our graphs, so this one is taken in those of the predecessor at most. */
  #freeId(wanted: string): string {
    if (!this.#indexes.has(wanted)) return wanted;
    for (let more = 2; ; more++) if (!this.#indexes.has(`${wanted}.${more}`)) return `${wanted}.${more}`;
  }
}

const endAt = ({ index, id, place }: DraftNode, port: string): DraftEnd => ({
  ...{ text: id, node: index, place },
  ...{ asked: undefined, port },
});
const out = ({ node, output }: Model) => endAt(node, output);
const into = ({ node, input }: Model) => endAt(node, input);
