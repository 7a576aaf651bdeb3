import type { DraftNode } from "./draft.ts";

/** Ids of the nodes that use a cell, in the order of the file. */
export interface CellUsers {
  readonly readers: string[];
  readonly writers: string[];
}

/** Who uses which cells, as far as nodes and their configs are known. */
export function usesOf(nodes: readonly DraftNode[]): Map<string, CellUsers> {
  const uses = new Map<string, CellUsers>();
  const of = (name: string) => {
    const known = uses.get(name) ?? { readers: [], writers: [] };
    uses.set(name, known);
    return known;
  };
  for (const { id, definition, config } of nodes) {
    if (config === undefined) continue;
    const { reads = [], writes = [] } = definition?.cells?.(config.value) ?? {};
    for (const name of new Set(reads)) of(name).readers.push(id);
    for (const name of new Set(writes)) of(name).writers.push(id);
  }
  return uses;
}
