import type { CellOptions } from "./blackboard.ts";
import type { DraftCell } from "./draft.ts";
import { childOf, placeOf, spotAt, type Tree } from "./tree.ts";

/** Cells of the blackboard, with the places of their parts. */
export function draftCells(cells: readonly CellOptions[], root: Tree): DraftCell[] {
  return cells.map((options) => ({
    name: options.name,
    options,
    at: (path, what) => placeOf(spotAt(root, ["blackboard", options.name, ...path], what)),
  }));
}

/** Names under `blackboard`, whatever stands behind them: a cell with a fault is there all the same. */
export function cellNamesIn(root: Tree): string[] {
  const board = childOf(root, "blackboard");
  return board?.type === "map" ? [...board.entries.keys()] : [];
}
