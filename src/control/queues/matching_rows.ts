import type { Queue } from "../../store/index.ts";
import type { AnyRow, RowFilter, RowMatcher } from "./row_filter.ts";

/** Rows asked for at first; a row may have 16 MiB. */
const FIRST_STEP = 4;
const MAX_STEP = 512;
/** A step with more than this is followed by a smaller one, so that rows of any size cost a bounded memory. */
const STEP_BYTES = 2 * 1024 * 1024;

/** The rows or dead letters that pass, in the order of their numbers, read a step at a time. */
export async function* matchingRows(
  queue: Queue,
  filter: RowFilter,
  matcher: RowMatcher,
  signal?: AbortSignal,
): AsyncGenerator<AnyRow> {
  const lastSeq = filter.to_seq ?? Number.POSITIVE_INFINITY;
  let step = FIRST_STEP;
  for (let after = (filter.from_seq ?? 0) - 1; ; ) {
    const rows: readonly AnyRow[] = await (filter.dead ? queue.dead(after, step) : queue.scan(after, step));
    for (const row of rows) {
      if (row.seq > lastSeq || signal?.aborted) return;
      if (matcher.passes(row)) yield row;
    }
    if (rows.length === 0) return;
    after = rows.at(-1)!.seq;
    step = nextStep(step, rows);
  }
}

function nextStep(step: number, rows: readonly AnyRow[]): number {
  const bytes = rows.reduce((sum, { payload, meta }) => sum + payload.length + meta.length, 0);
  return bytes > STEP_BYTES ? Math.max(1, step >> 1) : Math.min(MAX_STEP, step * 2);
}
