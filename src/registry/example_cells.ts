import type { Cell, Cells, CellValue, Example, NodeDefinition } from "../node/index.ts";

/** The blackboard of an example: the values it begins with, and the cells that the node declares for this config. */
export function exampleCells({ cells }: NodeDefinition, config: unknown, { cells: given = {} }: Example): Cells {
  const values = new Map<string, Cell>(Object.entries(given).map(([name, value]) => [name, { value, tsMs: 0 }]));
  const { reads, writes } = cells?.(config) ?? { reads: [], writes: [] };
  const declared = (name: string, names: readonly string[], what: string) => {
    if (!names.includes(name)) throw new Error(`the node's definition declares no ${what} of cell "${name}"`);
  };
  return {
    read(name) {
      declared(name, reads, "read");
      return values.get(name);
    },
    write(name, value: CellValue, tsMs) {
      declared(name, writes, "write");
      values.set(name, { value, tsMs });
    },
  };
}
