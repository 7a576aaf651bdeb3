import { ANY, type Port, type Ports } from "../node/index.ts";
import { type Kinds, LOCAL_KINDS } from "../packet/index.ts";
import type { Draft, DraftNode } from "./draft.ts";

/** Kinds that may arrive; `undefined`: it cannot be said, so any. */
type Known = ReadonlySet<string> | undefined;

/**
 * The same graph with the kinds filled in that pass through nodes such as a filter, whose ports are of every kind. So a
 * frame that is routed to a durable edge is found before the run.
 */
export function followKinds(draft: Draft): Draft {
  const { nodes, edges } = draft;
  if (!nodes.some(passesAny)) return draft;
  const arriving: Known[] = nodes.map(() => new Set());
  const behind = Map.groupBy(edges, ({ from }) => from.node);
  const work = [...nodes.keys()];
  const queued = new Set(work);
  // Sets of a finite number of kinds only grow, so it comes to an end in cycles as well.
  for (let at = work.shift(); at !== undefined; at = work.shift()) {
    queued.delete(at);
    for (const { from, to } of behind.get(at) ?? []) {
      if (to.node === -1 || !grow(arriving, to.node, leaving(nodes[at]!, from.port, arriving[at]))) continue;
      if (!queued.has(to.node)) work.push(to.node);
      queued.add(to.node);
    }
  }
  return { ...draft, nodes: nodes.map((node, at) => (passesAny(node) ? withKinds(node, arriving[at]) : node)) };
}

const passesAny = ({ definition, outputs }: DraftNode) =>
  definition?.passes === true && Object.values(outputs ?? {}).some(({ kinds }) => kinds === ANY);

function leaving(node: DraftNode, port: string | undefined, arrived: Known): Known {
  const kinds: Kinds | undefined = port === undefined ? undefined : node.outputs?.[port]?.kinds;
  if (kinds === undefined) return undefined;
  if (kinds !== ANY) return new Set(kinds);
  return node.definition?.passes ? arrived : undefined;
}

/** True when there is more than before. */
function grow(arriving: Known[], at: number, more: Known): boolean {
  const known = arriving[at];
  if (known === undefined) return false;
  const all = more === undefined ? undefined : known.union(more);
  arriving[at] = all;
  return all === undefined || all.size > known.size;
}

/** Of frames beside what is portable nothing is said: a filter may be there to tell them apart. */
function withKinds(node: DraftNode, arrived: Known): DraftNode {
  if (arrived === undefined || arrived.size === 0) return node;
  const local = [...arrived].filter((kind) => LOCAL_KINDS.includes(kind)).length;
  if (local !== 0 && local !== arrived.size) return node;
  const filled = (port: Port): Port => (port.kinds === ANY ? { ...port, kinds: [...arrived].sort() } : port);
  const outputs: Ports = Object.fromEntries(Object.entries(node.outputs!).map(([name, port]) => [name, filled(port)]));
  return { ...node, outputs };
}
