import { checkPortable, WholeFloat } from "../../packet/index.ts";

/**
 * What one aggregate knows of every open window. A window is a slot: a number below the capacity, used again once the
 * window is gone. Numbers are in typed arrays, one per fact, so that a snapshot of 100,000 windows is a few copies.
 */
export interface Store {
  /** The value as `add` takes it; undefined when it cannot be counted in. */
  prepare(raw: unknown): unknown;
  grow(capacity: number): void;
  /** Makes the slot empty. */
  clear(slot: number): void;
  add(slot: number, value: unknown, timeMs: number): void;
  /** Adds what is in `from`, which is cleared by whoever calls. */
  merge(into: number, from: number): void;
  /** Of the slots below `used`. */
  snapshot(used: number): unknown;
  /** Into a new store that has grown already. */
  restore(state: unknown): void;
}

/** A finite number; anything else is undefined: NaN would swallow every number added to it. */
export function finiteNumber(raw: unknown): number | undefined {
  if (typeof raw === "number") return raw - raw === 0 ? raw : undefined;
  return raw instanceof WholeFloat ? raw.valueOf() : undefined;
}

/** A value that JSON can hold; throws for bytes, dates and functions. Null is no value. */
export function portableValue(raw: unknown): unknown {
  if (raw === undefined || raw === null) return undefined;
  if (typeof raw === "number") return finiteNumber(raw);
  if (typeof raw !== "string" && typeof raw !== "boolean") checkPortable(raw, "value");
  return raw;
}

export type Column = Float64Array<ArrayBuffer>;

/** A column with room for `capacity` slots. */
export function grown(column: Column, capacity: number): Column {
  const larger = new Float64Array(capacity);
  larger.set(column);
  return larger;
}

/** Columns as a snapshot has them: copies of what is used. */
export const copied = (columns: readonly Column[], used: number) => columns.map((column) => column.slice(0, used));

/** A finite result, or null: a sum beyond 1.8e308 is no number JSON can hold. */
export const resultNumber = (value: number): number | null => (value - value === 0 ? value : null);
