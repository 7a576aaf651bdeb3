import { type Arrow, cyclicGroups, successors, topologicalRanks } from "./topology.ts";

/** Kinds of nodes that a cycle must pass: each keeps what comes round apart from what caused it. */
export const breaksCycles = (kind: string | undefined): boolean => kind === "delay" || kind === "initial";

/** The order in which nodes of a graph with cycles run. */
export interface Ranked {
  /** Of each node: every arrow leads from a lower to a higher rank, unless it is feedback. */
  readonly ranks: number[];
  /** Of each arrow: it closes a cycle, leading into the node that breaks it. */
  readonly feedback: boolean[];
}

/** Ranks nodes, of which those in `breaks` may lie on cycles. Undefined when a cycle passes none of them. */
export function rankLoops(arrows: readonly Arrow[], breaks: readonly boolean[]): Ranked | undefined {
  const group = groupsOf(successors(breaks.length, arrows));
  const feedback = arrows.map(([from, to]) => breaks[to]! && group[from] !== -1 && group[from] === group[to]);
  // Feedback left out, every node that breaks cycles has lost its way in from its own group, and so has every cycle.
  const forward = arrows.filter((_, at) => !feedback[at]);
  const ranks = topologicalRanks(successors(breaks.length, forward));
  return ranks && { ranks, feedback };
}

/** Of each node, which group of nodes that reach each other it is in; -1 for none. */
function groupsOf(next: readonly (readonly number[])[]): Int32Array {
  const group = new Int32Array(next.length).fill(-1);
  for (const [at, members] of cyclicGroups(next).entries()) for (const node of members) group[node] = at;
  return group;
}
