import type { Draft, DraftEdge, DraftNode } from "./draft.ts";
import type { ReadInterceptor, Side } from "./read_interceptor.ts";
import { nodeSelector, passesKind } from "./selector.ts";

/** Edges that share one chain of interceptors. */
export interface Group {
  readonly side: Side;
  /** The source they leave, or the sink they enter, and by which port. */
  readonly at: DraftNode;
  readonly port: string;
  /** The port needs no naming. */
  readonly isDefault: boolean;
  /** Positions in the draft's list. */
  readonly edges: number[];
  readonly chain: readonly ReadInterceptor[];
}

/**
 * Which edges meet which interceptors, all of one side, in the order of the file. Edges into one input share a chain
 * unless the interceptors ask for kinds that not all of them carry, or they are kept on disk in different ways.
 */
export function groupsOf(draft: Draft, interceptors: readonly ReadInterceptor[]): Group[] {
  const side = interceptors[0]!.side;
  const chainsAt = new Map<number, readonly ReadInterceptor[]>();
  const selectors = interceptors.map((one) => ({ one, matches: nodeSelector(one.selector) }));
  for (const node of draft.nodes) {
    if (!standsAt(node, side)) continue;
    chainsAt.set(
      node.index,
      selectors.filter(({ matches }) => matches(node)).map(({ one }) => one),
    );
  }
  const groups = new Map<string, Group>();
  for (const [position, edge] of draft.edges.entries()) {
    const { node: index, port } = side === "ingress" ? edge.from : edge.to;
    const at = draft.nodes[index];
    if (at === undefined || port === undefined) continue;
    const chain = (chainsAt.get(index) ?? []).filter((one) => carries(draft, edge, one));
    if (chain.length === 0) continue;
    const key = JSON.stringify([index, port, side === "egress" ? keptAs(edge) : "", chain.map(({ label }) => label)]);
    const group = groups.get(key);
    if (group === undefined)
      groups.set(key, { side, at, port, isDefault: isDefault(at, port, side), edges: [position], chain });
    else group.edges.push(position);
  }
  return [...groups.values()];
}

function standsAt({ definition, intercepts }: DraftNode, side: Side): boolean {
  if (definition === undefined || intercepts !== undefined) return false;
  if (side === "ingress") return definition.kind === "source";
  return definition.kind === "sink" || (definition.outside && definition.kind !== "source");
}

/** True when packets of the wanted kind may come over the edge. */
function carries({ nodes }: Draft, { from, to }: DraftEdge, { selector, side }: ReadInterceptor): boolean {
  const made = from.port === undefined ? undefined : nodes[from.node]?.outputs?.[from.port];
  const taken = to.port === undefined ? undefined : nodes[to.node]?.inputs?.[to.port];
  return passesKind(selector, made?.kinds) && (side === "ingress" || passesKind(selector, taken?.kinds));
}

const keptAs = ({ durable, payloadRefOver }: DraftEdge) => [durable ?? null, payloadRefOver ?? null];

function isDefault({ inputs, outputs }: DraftNode, port: string, side: Side): boolean {
  const names = Object.keys((side === "ingress" ? outputs : inputs) ?? {});
  return side === "ingress" ? names[0] === port : names.length === 1;
}
