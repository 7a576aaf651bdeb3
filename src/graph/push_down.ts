import type { Draft, DraftEdge, DraftNode } from "./draft.ts";

/** What a node does that its source does for it. */
export interface Absorption {
  /** The source's config, and that of the node behind it, by index. */
  readonly configs: ReadonlyMap<number, unknown>;
  /** Id of the source, by index of the node that it does the work of. */
  readonly into: ReadonlyMap<number, string>;
}

/**
 * Lets sources do what the nodes right behind them would do, where their definitions say that it comes to the same:
 * a decoder scales and thins out for a fraction of what it costs afterwards.
 *
 * The nodes stay, with their ports, counters and inboxes; what they would have done is done already when a packet
 * reaches them. In graphs of the predecessor nothing moves, as their counts are compared with its own. Nor does anything
 * into a source that something else stands for: whoever writes down what it sends has not done it.
 */
export function pushDown(draft: Draft, standIns: readonly string[]): Absorption {
  const configs = new Map<number, unknown>();
  const into = new Map<number, string>();
  if (draft.compat) return { configs, into };
  for (const source of draft.nodes) {
    if (source.definition?.absorbs === undefined || source.config === undefined) continue;
    if (standIns.includes(source.id)) continue;
    let config = source.config.value;
    for (
      let at: DraftNode = source, next = soleNext(draft, at);
      next !== undefined;
      at = next, next = soleNext(draft, at)
    ) {
      const absorbed = source.definition.absorbs(config, { name: next.definition!.name, config: next.config!.value });
      if (absorbed === undefined) break;
      config = absorbed.config;
      configs.set(source.index, config);
      configs.set(next.index, absorbed.left);
      into.set(next.index, source.id);
    }
  }
  return { configs, into };
}

/** The node that gets everything a node sends, and gets nothing else. By ports besides the first it sends nothing. */
function soleNext({ nodes, edges }: Draft, node: DraftNode): DraftNode | undefined {
  const [edge, more] = edges.filter(({ from }) => from.node === node.index);
  if (edge === undefined || more !== undefined || !isPlain(edge)) return undefined;
  const next = nodes[edge.to.node];
  if (next?.definition === undefined || next.config === undefined) return undefined;
  if (edges.filter(({ to }) => to.node === next.index).length > 1) return undefined;
  return [node, next].every((each) => sendsByFirst(each, edges)) ? next : undefined;
}

const sendsByFirst = ({ index, outputs }: DraftNode, edges: readonly DraftEdge[]) =>
  edges.every(({ from }) => from.node !== index || from.port === Object.keys(outputs ?? {})[0]);

/** What is on a disk in between must be there as it came. */
const isPlain = ({ durable, payloadRefOver }: DraftEdge) => !durable && payloadRefOver === undefined;
