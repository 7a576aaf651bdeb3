import type { GraphPlan } from "./plan.ts";

/** A cell of the blackboard that outlives runs, and whose value another graph does not take over. */
export interface DroppedCell {
  readonly cell: string;
  readonly why: string;
}

/** A value is known by its cell's name, and read as what its type says. */
export function droppedCells(before: GraphPlan, after: GraphPlan): DroppedCell[] {
  return (before.cells ?? []).flatMap(({ name, type, persist }): DroppedCell[] => {
    if (!persist) return [];
    const now = after.cells?.find((one) => one.name === name);
    if (now === undefined) return [{ cell: name, why: "the graph has no such cell any more" }];
    if (now.type !== type) return [{ cell: name, why: `it is a ${now.type} instead of a ${type}` }];
    return now.persist ? [] : [{ cell: name, why: "it is not kept any more" }];
  });
}
