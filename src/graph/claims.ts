import { inFolder } from "../node/index.ts";
import type { GraphPlan, PlanNode } from "./plan.ts";

/** What a node takes over from one of the graph before, which is closed for it first. */
export interface TakenOver {
  readonly what: string;
  /** The node that has it. */
  readonly from: string;
  /** It cannot be handed on: what the old node has read of it would be missing. */
  readonly never?: true;
}

/** What `node` has for itself, in the words of an error. */
export function ownedBy({ id, definition, config, folder }: PlanNode) {
  return (definition.owns?.(config, id) ?? []).map(({ what, never }) => ({
    id,
    never,
    what: inOwnFolder(what, folder),
  }));
}

/** Files and folders are named as seen from the graph's folder; a node may stand in a file elsewhere. */
export function inOwnFolder(what: string, folder: string | undefined): string {
  const [, kind, file] = /^(file |pictures in |clips in )(.+)$/s.exec(what) ?? [];
  return folder === undefined || file === undefined ? what : kind + inFolder(folder, file);
}

/** What nodes that come want of what nodes that go have, by the id of who comes. */
export function takenOver(
  [before, going]: readonly [GraphPlan, ReadonlySet<string>],
  [after, coming]: readonly [GraphPlan, ReadonlySet<string>],
): Map<string, TakenOver[]> {
  const holders = new Map(
    before.nodes.filter(({ id }) => going.has(id)).flatMap((node) => ownedBy(node).map(({ what, id }) => [what, id])),
  );
  const taken = new Map<string, TakenOver[]>();
  for (const node of after.nodes.filter(({ id }) => coming.has(id))) {
    for (const { what, never } of ownedBy(node)) {
      const from = holders.get(what);
      if (from === undefined) continue;
      taken.set(node.id, [...(taken.get(node.id) ?? []), { what, from, ...(never && { never }) }]);
    }
  }
  return taken;
}
