/** Rows of one transaction at most: it waits for the disk once, and longer ones would hold up the run. */
export const MAX_BATCH = 256;

/** Calls `flush` soon; what it returns calls that off. */
type Soon = (flush: () => unknown) => () => void;

/** After the turn: by then the engine has made all the calls it had room for. */
const afterTurn: Soon = (flush) => {
  let called = true;
  queueMicrotask(() => called && flush());
  return () => {
    called = false;
  };
};

interface Waiting<Item, Result> {
  item: Item;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/**
 * Gathers what comes until `soon` has passed into one call of `commit`, in order. `add` settles with the result of
 * its item once the batch is on the disk, and rejects when the batch failed.
 */
export function batched<Item, Result>(
  commit: (items: readonly Item[]) => readonly Result[] | Promise<readonly Result[]>,
  soon = afterTurn,
) {
  let callOff = () => {};
  let waiting: Waiting<Item, Result>[] = [];
  const underWay = new Set<Promise<void>>();
  const commitOne = async (batch: readonly Waiting<Item, Result>[]) => {
    try {
      const results = await commit(batch.map(({ item }) => item));
      for (const [at, { resolve }] of batch.entries()) resolve(results[at]!);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };
  const flush = async () => {
    callOff();
    const batch = waiting;
    waiting = [];
    if (batch.length > 0) {
      const done: Promise<void> = commitOne(batch).finally(() => underWay.delete(done));
      underWay.add(done);
    }
    await Promise.all(underWay);
  };
  return {
    add(item: Item): Promise<Result> {
      return new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        if (waiting.length === 1) callOff = soon(flush);
        else if (waiting.length >= MAX_BATCH) void flush();
      });
    },
    /** Commits at once what waits; resolves when that and all before it is done. */
    flush,
  };
}
