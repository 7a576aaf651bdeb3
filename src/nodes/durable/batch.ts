/** Rows of one transaction at most: it waits for the disk once, and longer ones would hold up the run. */
export const MAX_BATCH = 256;

/**
 * Gathers what one turn of the engine brings into one call of `commit`, in order. `add` settles with the result of
 * its item once the batch is on the disk, and rejects when the batch failed.
 */
export function batched<Item, Result>(commit: (items: readonly Item[]) => readonly Result[]) {
  let waiting: { item: Item; resolve(result: Result): void; reject(error: unknown): void }[] = [];
  const flush = () => {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    try {
      const results = commit(batch.map(({ item }) => item));
      for (const [at, { resolve }] of batch.entries()) resolve(results[at]!);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };
  return {
    add(item: Item): Promise<Result> {
      return new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        // After the turn: by then all calls it had room for have been made.
        if (waiting.length === 1) queueMicrotask(flush);
        else if (waiting.length >= MAX_BATCH) flush();
      });
    },
    flush,
  };
}
