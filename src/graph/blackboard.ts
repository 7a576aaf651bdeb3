import * as v from "valibot";
import { DURATION, durationMs } from "../base/duration.ts";
import { byteSize } from "./durable.ts";
import type { CellPlan, CellType } from "./plan.ts";

/** Cells of one graph: a cell is named by a person, and nobody names more. */
const MAX_CELLS = 1_000;
/** Why 64 KiB: a cell is a fact about the world, not a store of packets; all cells together stay below 64 MiB. */
const DEFAULT_CELL_BYTES = 64 * 1024;
/** Why 16 MiB: a value is copied when it is written. */
const MAX_CELL_BYTES = 16 * 1024 * 1024;

/** As CEL and JSON paths can write it. */
const CELL_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

export const CELL_TYPES = ["number", "string", "boolean", "object", "list"] as const;

const cellEntries = v.strictObject({
  type: v.optional(v.pipe(v.picklist(CELL_TYPES), v.description("What its values are; or schema."))),
  schema: v.optional(
    v.pipe(
      v.union(
        [v.pipe(v.string(), v.nonEmpty()), v.record(v.string(), v.unknown())],
        "must be a JSON Schema, or the name of a file with one",
      ),
      v.description("JSON Schema of its values, or a JSON file with one; in place of type."),
    ),
  ),
  initial: v.optional(v.pipe(v.unknown(), v.description("Its value before the first write; none when left out."))),
  max_bytes: v.optional(
    v.pipe(byteSize, v.maxValue(MAX_CELL_BYTES), v.description("Largest value as JSON; default 64KiB, at most 16MiB.")),
  ),
  ttl: v.optional(
    v.pipe(
      v.string(),
      v.regex(DURATION, "must be a time such as 500ms, 90s or 12h"),
      v.transform(durationMs),
      v.minValue(1, "must be longer than 0"),
      v.description("How long a value holds after it was written, by the clock; for ever when left out."),
    ),
  ),
  persist: v.optional(v.pipe(v.boolean(), v.description("Its value survives a restart, with a state directory."))),
});

const cellShape = v.pipe(
  cellEntries,
  v.check(({ type, schema }) => (type === undefined) !== (schema === undefined), "must have one of type and schema"),
);

/** `blackboard:` of a graph. */
export const blackboard = v.pipe(
  v.record(v.pipe(v.string(), v.regex(CELL_NAME, "a cell's name has letters, digits and _")), cellShape),
  v.check((cells) => Object.keys(cells).length <= MAX_CELLS, `a blackboard has at most ${MAX_CELLS} cells`),
  v.description("Cells that nodes share: { mode: { type: string, initial: day } }."),
);

/** A cell as it is written, with its defaults. */
export type CellOptions = Omit<CellPlan, "readers" | "writers">;

/** A cell as it is written; its schema may be the name of a file. */
export type WrittenCell = Omit<CellOptions, "schema"> & { readonly schema?: string | Record<string, unknown> };

export function cellOptions(written: v.InferOutput<typeof blackboard> = {}): WrittenCell[] {
  return Object.entries(written).map(([name, { type, schema, initial, max_bytes, ttl, persist }]) => ({
    name,
    type: type ?? "schema",
    ...(schema === undefined ? {} : { schema }),
    ...(initial === undefined ? {} : { initial: initial as CellOptions["initial"] }),
    max_bytes: max_bytes ?? DEFAULT_CELL_BYTES,
    ...(ttl === undefined ? {} : { ttl_ms: ttl }),
    persist: persist ?? false,
  }));
}

/** The type of a value as cells know it; undefined for null and what JSON does not have. */
export function cellType(value: unknown): CellType | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? "number" : undefined;
  if (typeof value === "string" || typeof value === "boolean") return typeof value as "string" | "boolean";
  if (typeof value !== "object" || value === null) return undefined;
  return Array.isArray(value) ? "list" : "object";
}
