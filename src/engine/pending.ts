import { isPacket, type StreamPacket, whyNotPacket } from "../packet/index.ts";
import type { NodeRun, Slot } from "./node_run.ts";
import type { Scheduler } from "./scheduler.ts";

type AsyncResult = PromiseLike<unknown> | AsyncIterator<StreamPacket>;

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as PromiseLike<unknown>).then === "function";
}

function isAsyncResult(result: unknown): result is AsyncResult {
  return isThenable(result) || (typeof result === "object" && result !== null && Symbol.asyncIterator in result);
}

/**
 * What `process` gave back, when it is not done: an iterator to pull, or a promise to wait for. Looking at it may run
 * code of the node, which may throw.
 */
export function keepGoing(scheduler: Scheduler, node: NodeRun, slot: Slot, result: unknown) {
  try {
    if (isAsyncResult(result)) {
      scheduler.occupy(node, slot);
      finishAsync(scheduler, node, slot, result);
    } else if (typeof (result as Iterator<StreamPacket>)?.next === "function") {
      scheduler.occupy(node, slot);
      node.expand(slot, result as Iterator<StreamPacket>);
    } else {
      const kind = result === null ? "null" : Array.isArray(result) ? "an array" : typeof result;
      throw new TypeError(`process returned ${kind}: return nothing, a promise or an iterator of packets`);
    }
  } catch (error) {
    scheduler.failures.thrown(node, slot, error);
  }
  scheduler.refresh(node);
}

/** A call of `advance` or `wake`: all it emits goes by the inboxes, in its place in an ordered line. */
export function onTime(scheduler: Scheduler, node: NodeRun) {
  const slot = node.slot!;
  node.takeDue(slot);
  scheduler.occupy(node, slot);
  scheduler.call(node, slot);
}

/** Takes the next packet of the iterator that a node is expanding. */
export function pull(scheduler: Scheduler, node: NodeRun) {
  const { slot, iterator } = node.expanding!;
  try {
    const step = node.pullNext(node.expanding!);
    if (!step.done) return emitDefault(node, slot, step.value);
    node.expanded();
    scheduler.settle(node, slot, undefined);
  } catch (error) {
    node.expanded();
    closeIterator(iterator);
    scheduler.failures.thrown(node, slot, error);
    scheduler.refresh(node);
  }
}

/** Emits a value of an iterator: it leaves by the first output port. */
function emitDefault(node: NodeRun, slot: Slot, packet: StreamPacket) {
  const port = node.plan.outputs[0];
  if (port === undefined) throw new TypeError("process yielded a packet, but this node has no output port");
  if (!isPacket(packet)) throw new TypeError(`process yielded no packet: ${whyNotPacket(packet)}`);
  slot.emit[port]!(packet);
}

/** Follows a call of `process` that goes on after it returned, and settles its slot once. */
function finishAsync(scheduler: Scheduler, node: NodeRun, slot: Slot, result: AsyncResult) {
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
      emitDefault(node, slot, step.value);
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
