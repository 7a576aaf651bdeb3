import type { PlanNode } from "../../graph/index.ts";

/** The nodes of one file that a node brings in, and what that brings in itself. The root is the graph. */
export interface Group {
  /** The id of the node that brings the file in, without those around it. */
  readonly name: string;
  readonly nodes: PlanNode[];
  readonly groups: Group[];
}

/** Nodes by the files they stand in; everything in the order of the graph. */
export function grouped(nodes: readonly PlanNode[]): Group {
  const root: Group = { name: "", nodes: [], groups: [] };
  const known = new Map([["", root]]);
  const groupOf = (scope: string): Group => {
    const there = known.get(scope);
    if (there !== undefined) return there;
    const steps = scope.slice(0, -1).split("/");
    const group: Group = { name: steps.pop()!, nodes: [], groups: [] };
    groupOf(steps.map((step) => `${step}/`).join("")).groups.push(group);
    known.set(scope, group);
    return group;
  };
  for (const node of nodes) groupOf(node.scope ?? "").nodes.push(node);
  return root;
}

/** What a node is called inside its group. */
export const ownName = ({ id, scope = "" }: PlanNode): string => id.slice(scope.length);
