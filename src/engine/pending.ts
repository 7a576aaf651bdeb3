import type { StreamPacket } from "../packet/index.ts";
import type { NodeRun, Slot } from "./node_run.ts";
import type { Scheduler } from "./scheduler.ts";

type AsyncResult = PromiseLike<unknown> | AsyncIterator<StreamPacket>;

export function isAsyncResult(result: unknown): result is AsyncResult {
  if (typeof result !== "object" || result === null) return false;
  return typeof (result as PromiseLike<unknown>).then === "function" || Symbol.asyncIterator in result;
}

/** Follows a call of `process` that goes on after it returned, and settles its slot once. */
export function finishAsync(scheduler: Scheduler, node: NodeRun, slot: Slot, result: AsyncResult) {
  const following = "then" in result ? result : pullAll(scheduler, node, slot, result);
  following.then(
    () => scheduler.settle(node, slot, undefined),
    (error: unknown) => scheduler.failures.thrown(node, slot, error),
  );
}

/** Emits what an async iterator yields, one packet at a time and only while every output has room. */
async function pullAll(scheduler: Scheduler, node: NodeRun, slot: Slot, iterator: AsyncIterator<StreamPacket>) {
  for (;;) {
    if (node.blocked > 0) {
      await new Promise<void>((resolve) => {
        node.onRoom = resolve;
      });
    }
    const step = await iterator.next();
    if (step.done) return;
    scheduler.emitDefault(node, slot, step.value);
    scheduler.onWork();
  }
}
