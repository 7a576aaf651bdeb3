/** What the cells of a blackboard hold: a value that survives JSON. */
export type CellValue = string | number | boolean | null | readonly CellValue[] | { readonly [key: string]: CellValue };

/** A value of a cell, and since when it is there. */
export interface Cell {
  readonly value: CellValue;
  /** Event time of the packet that wrote it, milliseconds since 1970; of an initial value 0. */
  readonly tsMs: number;
}

/**
 * The graph's blackboard as one node may use it: only cells that its definition's `cells` names for this config.
 * Every call throws an Error that names the cell when the node did not declare it.
 */
export interface Cells {
  /** Undefined when nothing was written yet, or its time to live is over. */
  read(name: string): Cell | undefined;
  /** Throws a {@link Rejected} for a value that is not of the cell's type, or larger than its bound. */
  write(name: string, value: CellValue, tsMs: number): void;
}

/** Cells that a node reads and writes, by name. */
export interface CellUse {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}
