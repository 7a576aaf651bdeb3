import type { StreamPacket } from "../packet/index.ts";
import type { NodeRun, Slot } from "./node_run.ts";
import type { Scheduler } from "./scheduler.ts";

type AsyncResult = PromiseLike<unknown> | AsyncIterator<StreamPacket>;

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as PromiseLike<unknown>).then === "function";
}

export function isAsyncResult(result: unknown): result is AsyncResult {
  return isThenable(result) || (typeof result === "object" && result !== null && Symbol.asyncIterator in result);
}

/** Follows a call of `process` that goes on after it returned, and settles its slot once. */
export function finishAsync(scheduler: Scheduler, node: NodeRun, slot: Slot, result: AsyncResult) {
  // A thenable that is no promise may throw or call back twice; a promise made of it does neither.
  const following = isThenable(result) ? Promise.resolve(result) : pullAll(scheduler, node, slot, result);
  following.then(
    () => scheduler.settle(node, slot, undefined),
    (error: unknown) => scheduler.failures.thrown(node, slot, error),
  );
}

/** Emits what an async iterator yields, one packet at a time and only while every output has room. */
async function pullAll(scheduler: Scheduler, node: NodeRun, slot: Slot, iterator: AsyncIterator<StreamPacket>) {
  slot.iterator = iterator;
  for (;;) {
    for (let room = node.waitForRoom(slot); room !== undefined; room = node.waitForRoom(slot)) await room;
    const step = await iterator.next();
    if (step.done) return;
    try {
      scheduler.emitDefault(node, slot, step.value);
    } catch (error) {
      closeIterator(iterator);
      throw error;
    }
    scheduler.onWork();
  }
}

/** Lets an iterator that is not pulled any more clean up. `onError` hears what goes wrong there. */
export function closeIterator(
  iterator: Iterator<unknown> | AsyncIterator<unknown> | undefined,
  onError: (error: unknown) => void = () => {},
) {
  try {
    const closing: unknown = iterator?.return?.();
    if (isThenable(closing)) closing.then(undefined, onError);
  } catch (error) {
    onError(error);
  }
}
