import * as v from "valibot";
import type { StreamPacket } from "../../packet/index.ts";
import { type DeadRow, entryCodec, type QueueRow } from "../../store/index.ts";
import { ControlError } from "../verb.ts";

/** Which rows a verb is about. Bounds are inclusive; what is left out lets everything pass. */
export const filterShape = {
  /** Dead letters instead of rows that wait. */
  dead: v.optional(v.boolean(), false),
  /** A CEL condition on the packet. */
  where: v.optional(v.string()),
  /** When a row was enqueued, or a dead letter failed for the last time. */
  since_ms: v.optional(v.number()),
  until_ms: v.optional(v.number()),
  key: v.optional(v.string()),
  /** Of dead letters: the node that could not process the packet. */
  node: v.optional(v.string()),
  source: v.optional(v.string()),
  kind: v.optional(v.string()),
  from_seq: v.optional(v.number()),
  to_seq: v.optional(v.number()),
};

const filterSchema = v.object(filterShape);
export type RowFilter = v.InferOutput<typeof filterSchema>;

export type AnyRow = QueueRow | DeadRow;
export const isDead = (row: AnyRow): row is DeadRow => "error" in row;

/** Compiles a condition on packets; throws what is wrong with it. */
export type CompileCondition = (text: string) => (packet: StreamPacket) => boolean;

/** Says of rows whether they pass. */
export class RowMatcher {
  readonly #filter: RowFilter;
  readonly #where: ((packet: StreamPacket) => boolean) | undefined;
  /** Rows for which `where` could not be evaluated, such as those without the field it asks for; they do not pass. */
  unevaluated = 0;
  firstFault: string | undefined;

  constructor(filter: RowFilter, compile: CompileCondition) {
    this.#filter = filter;
    this.#where = filter.where === undefined ? undefined : compiled(filter.where, compile);
  }

  passes(row: AnyRow): boolean {
    const { key, node, source, kind, since_ms, until_ms } = this.#filter;
    const atMs = isDead(row) ? row.lastFailedMs : row.enqueuedMs;
    return (
      is(key, row.key) &&
      is(source, row.source_id) &&
      is(kind, row.kind) &&
      (node === undefined || (isDead(row) && row.node === node)) &&
      atMs >= (since_ms ?? Number.NEGATIVE_INFINITY) &&
      atMs <= (until_ms ?? Number.POSITIVE_INFINITY) &&
      this.#wherePasses(row)
    );
  }

  #wherePasses(row: AnyRow): boolean {
    if (this.#where === undefined) return true;
    try {
      return this.#where(entryCodec.decode(row));
    } catch (error) {
      this.unevaluated += 1;
      this.firstFault ??= `row ${row.seq}: ${(error as Error).message}`;
      return false;
    }
  }
}

const is = (wanted: string | undefined, actual: string) => wanted === undefined || wanted === actual;

function compiled(where: string, compile: CompileCondition) {
  try {
    return compile(where);
  } catch (error) {
    throw new ControlError("CONTROL_REQUEST", `--where ${where} cannot be used: ${(error as Error).message}`);
  }
}
