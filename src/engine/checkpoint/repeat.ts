import type { DoneRows, Queue, QueueRow } from "../../store/index.ts";

/** Rows looked at in one call. */
const PAGE = 1_000;

/**
 * Acknowledges again what a checkpoint says is done: the process may have ended between the two files. Rows that are gone
 * are as they should be. Gives how many were still there.
 */
export async function acknowledgeAgain({ runs, newestMs }: DoneRows, queue: Queue): Promise<number> {
  let [count, at] = [0, 0];
  let after = (runs[0]?.from ?? 0) - 1;
  const isDone = ({ seq, enqueuedMs }: QueueRow) => {
    while (at < runs.length && runs[at]!.to < seq) at += 1;
    // A later one has the number of a row in a file that was removed since.
    return at < runs.length && seq >= runs[at]!.from && enqueuedMs <= newestMs;
  };
  for (;;) {
    const rows = await queue.scan(after, PAGE);
    const done = rows.filter(isDone).map(({ seq }) => ({ seq }));
    if (done.length > 0) await queue.ack(done);
    count += done.length;
    if (rows.length < PAGE || at === runs.length) return count;
    after = rows.at(-1)!.seq;
  }
}
