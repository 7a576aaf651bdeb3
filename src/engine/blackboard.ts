import type { Clock } from "../base/clock.ts";
import type { CellPlan, GraphPlan } from "../graph/plan.ts";
import { type Cell, type Cells, type CellUse, type CellValue, Rejected } from "../node/index.ts";
import type { CellSnapshot } from "../observe/index.ts";
import { checkPortable } from "../packet/index.ts";

/** A cell at run time. */
interface Kept {
  readonly plan: CellPlan;
  readonly initial: Cell | undefined;
  /** What was written last; undefined before, and once its time to live is over. */
  written: (Cell & { readonly atMs: number; readonly bytes: number }) | undefined;
  readonly counts: { writes: number; refused: number; expired: number };
}

/** A persistent cell as it is stored. */
export interface StoredCell {
  readonly name: string;
  readonly value: CellValue;
  readonly tsMs: number;
  /** Time since it was written, of the run that wrote it. */
  readonly ageMs: number;
}

/** What is stored of a blackboard: plain values, which it does not change later. */
export interface StoredBlackboard {
  /** Wall clock; time that passes while nothing runs is time to live as well. */
  readonly atMs: number;
  readonly cells: readonly StoredCell[];
}

/**
 * The cells of one run. A value is copied when it is written and frozen, so that every reader has the same and none can
 * change it. Time to live runs by the clock, from the write: a cell whose writer has died must not look fresh because
 * event time stands still with it.
 */
export class Blackboard {
  #cells: ReadonlyMap<string, Kept>;
  readonly #clock: Clock;

  constructor({ cells = [] }: Pick<GraphPlan, "cells">, clock: Clock) {
    this.#clock = clock;
    this.#cells = new Map(cells.map((plan) => [plan.name, emptyCell(plan)]));
  }

  /** The cells of another graph: what was written stays, by name and type, where it still fits. */
  replace({ cells = [] }: Pick<GraphPlan, "cells">) {
    const taken = cells.map((plan): [string, Kept] => {
      const { written, counts } = this.#cells.get(plan.name) ?? emptyCell(plan);
      const fits = written !== undefined && typeof fit(plan, written.value) === "number";
      return [plan.name, { plan, initial: initialOf(plan), written: fits ? written : undefined, counts }];
    });
    this.#cells = new Map(taken);
  }

  /** `context.cells` of one node: the cells that it declared and no others. */
  cellsOf(nodeId: string, { reads, writes }: CellUse = { reads: [], writes: [] }): Cells {
    const [readable, writable] = [new Set(reads), new Set(writes)];
    return {
      read: (name) => this.#read(this.#declared(name, readable, nodeId, "read")),
      write: (name, value, tsMs) => this.#write(this.#declared(name, writable, nodeId, "write"), value, tsMs),
    };
  }

  /** Persistent cells that hold something written; undefined when the graph has no persistent cell. */
  snapshot(): StoredBlackboard | undefined {
    const kept = [...this.#cells.values()].filter(({ plan }) => plan.persist);
    if (kept.length === 0) return undefined;
    const nowMs = this.#clock.monotonicMs();
    const cells = kept.flatMap((cell): StoredCell[] => {
      if (this.#read(cell) === undefined || cell.written === undefined) return [];
      const { value, tsMs, atMs } = cell.written;
      return [{ name: cell.plan.name, value, tsMs, ageMs: nowMs - atMs }];
    });
    return { atMs: this.#clock.nowMs(), cells };
  }

  /**
   * Takes back what `snapshot` gave in an earlier run, before the first packet. Gives the names of cells that were not
   * taken, as the graph has none of that name, type or size any more. Throws for what is no snapshot.
   */
  restore(state: unknown): string[] {
    const { atMs, cells } = stored(state);
    const [nowMs, monotonicMs] = [this.#clock.nowMs(), this.#clock.monotonicMs()];
    const refused: string[] = [];
    for (const { name, value, tsMs, ageMs } of cells) {
      const cell = this.#cells.get(name);
      const bytes = cell?.plan.persist ? fit(cell.plan, value) : "";
      if (cell === undefined || typeof bytes === "string") refused.push(name);
      // A clock that was set back in between makes nothing younger.
      else cell.written = { ...frozenCell(value, tsMs), bytes, atMs: monotonicMs - ageMs - Math.max(0, nowMs - atMs) };
    }
    return refused;
  }

  /** What was done with each cell, in the order of the graph; undefined when it has none. */
  figures(): CellSnapshot[] | undefined {
    if (this.#cells.size === 0) return undefined;
    return [...this.#cells.values()].map((cell) => {
      // One that nobody reads is over all the same.
      this.#read(cell);
      return { name: cell.plan.name, ...cell.counts, bytes: cell.written?.bytes ?? 0 };
    });
  }

  #declared(name: string, names: ReadonlySet<string>, nodeId: string, what: "read" | "write"): Kept {
    const cell = names.has(name) ? this.#cells.get(name) : undefined;
    if (cell !== undefined) return cell;
    const why = names.has(name) ? "the graph has no such cell" : `its definition declares no ${what} of it`;
    throw new Error(`node "${nodeId}" cannot ${what} cell "${name}": ${why}`);
  }

  #read(cell: Kept): Cell | undefined {
    const { ttl_ms } = cell.plan;
    const { written } = cell;
    if (written !== undefined && ttl_ms !== undefined && this.#clock.monotonicMs() - written.atMs >= ttl_ms) {
      cell.written = undefined;
      cell.counts.expired += 1;
    }
    return cell.written ?? cell.initial;
  }

  #write(cell: Kept, value: CellValue, tsMs: number) {
    const bytes = fit(cell.plan, value);
    if (typeof bytes === "string") {
      cell.counts.refused += 1;
      throw new Rejected(`cannot write cell "${cell.plan.name}": ${bytes}`);
    }
    cell.counts.writes += 1;
    cell.written = { ...frozenCell(value, tsMs), bytes, atMs: this.#clock.monotonicMs() };
  }
}

const emptyCell = (plan: CellPlan): Kept => ({
  ...{ plan, initial: initialOf(plan), written: undefined, counts: { writes: 0, refused: 0, expired: 0 } },
});

function initialOf({ initial }: CellPlan): Cell | undefined {
  return initial === undefined ? undefined : frozenCell(initial, 0);
}

const frozenCell = (value: CellValue, tsMs: number): Cell => ({ value: frozen(value), tsMs });

/** A copy that nobody can change. The value is portable, so it is a tree. */
function frozen(value: CellValue): CellValue {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(frozen));
  return Object.freeze(Object.fromEntries(Object.entries(value).map(([key, item]) => [key, frozen(item)])));
}

/** Bytes of a value as JSON, or why it does not fit the cell. */
function fit({ type, max_bytes, misfit }: CellPlan, value: unknown): number | string {
  const found = typeOf(value);
  if (misfit === undefined && found !== type) return `its type is ${type}, got ${found}`;
  const isPlain = typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value));
  if (isPlain) return misfit?.(value) ?? String(value).length;
  try {
    checkPortable(value, "value");
  } catch (error) {
    return (error as Error).message;
  }
  const bytes = Buffer.byteLength(JSON.stringify(value));
  return bytes > max_bytes
    ? `the value has ${bytes} bytes as JSON, and max_bytes is ${max_bytes}`
    : (misfit?.(value) ?? bytes);
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return Array.isArray(value) ? "list" : typeof value;
}

function stored(state: unknown): StoredBlackboard {
  const { atMs, cells } = Object(state) as Partial<StoredBlackboard>;
  if (typeof atMs === "number" && Array.isArray(cells)) return { atMs, cells };
  throw new Error("cannot restore the blackboard: this is none that was stored");
}
