import type { DraftCell } from "./draft.ts";
import type { ReadGraph } from "./read.ts";
import { placeOf, spotAt, type Tree } from "./tree.ts";

/** Cells of the blackboard, with the places of their parts. */
export function draftCells({ cells }: Pick<ReadGraph, "cells">, root: Tree): DraftCell[] {
  return cells.map((options) => ({
    name: options.name,
    options,
    at: (path, what) => placeOf(spotAt(root, ["blackboard", options.name, ...path], what)),
  }));
}
