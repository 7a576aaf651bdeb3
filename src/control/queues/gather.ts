import { matchingRows } from "./matching_rows.ts";
import type { NamedQueue } from "./named_queue.ts";
import type { AnyRow, RowFilter, RowMatcher } from "./row_filter.ts";
import { listed } from "./row_view.ts";

/** Rows one command changes; their numbers are held in memory. Who has more repeats it. */
export const MAX_CHANGED = 1_000_000;
/** Rows shown of those that a command would change. */
const EXAMPLES = 10;

/** The rows a command is about, found before it changes any. */
export interface Gathered {
  named: NamedQueue;
  seqs: number[];
  examples: ReturnType<typeof listed>[];
  /** The limit was reached, and there are more. */
  more: boolean;
}

/**
 * Rows that come back changed, such as a letter that fails again, are not found twice, as all numbers are there before
 * the first change. `look` sees every row.
 */
export async function gather(
  named: NamedQueue,
  filter: RowFilter,
  matcher: RowMatcher,
  limit: number,
  { signal, look }: { signal: AbortSignal; look?: (row: AnyRow) => void },
): Promise<Gathered> {
  const gathered: Gathered = { named, seqs: [], examples: [], more: false };
  for await (const row of matchingRows(named.queue, filter, matcher, signal)) {
    if (gathered.seqs.length >= limit) return { ...gathered, more: true };
    gathered.seqs.push(row.seq);
    look?.(row);
    if (gathered.examples.length < EXAMPLES) gathered.examples.push(listed(named.name, row));
  }
  return gathered;
}

/** Numbers of one call, and so of one transaction, which others wait for. */
const STEP = 512;

/** Changes rows a step at a time, and gives how many there were to change: others settle rows meanwhile. */
export async function inSteps(
  seqs: readonly number[],
  signal: AbortSignal,
  change: (seqs: readonly number[]) => Promise<number>,
): Promise<number> {
  let changed = 0;
  for (let at = 0; at < seqs.length && !signal.aborted; at += STEP) changed += await change(seqs.slice(at, at + STEP));
  return changed;
}
