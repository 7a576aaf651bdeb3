import type { GraphPlan } from "../../graph/plan.ts";
import type { NodeLog } from "../../node/index.ts";
import type { Blackboard } from "../blackboard.ts";
import type { Part } from "./parts.ts";

/** Persistent cells as a part of a checkpoint; those that do not fit the graph any more are told and left out. */
export function blackboardPart(board: Blackboard, log: NodeLog): Part {
  return {
    ...{ part: "blackboard", name: "blackboard", kind: "blackboard", version: 1, lasts: true },
    snapshot: () => board.snapshot(),
    restore(state) {
      const cells = board.restore(state);
      if (cells.length > 0) log.warn("cells of an earlier run do not fit the blackboard any more", { cells });
    },
  };
}

/** Ids of the nodes that write persistent cells. */
export function persistentWriters({ cells = [] }: Pick<GraphPlan, "cells">): ReadonlySet<string> {
  return new Set(cells.flatMap(({ persist, writers }) => (persist ? writers : [])));
}
