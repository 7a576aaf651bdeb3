import { fullJitterMs } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { addDrops, type DeadLetter, type DropReason } from "../observe/index.ts";
import { isPacket, packetBytes, type StreamPacket } from "../packet/index.ts";
import type { AckRoot } from "./ack.ts";
import { NO_PACKET, type NodeRun, type Slot } from "./node_run.ts";
import { finishAsync, isAsyncResult } from "./pending.ts";
import type { EdgeRun, Producer } from "./producer.ts";
import type { Scheduler } from "./scheduler.ts";

/** First wait of `on_error: retry`; the waits double, with full jitter. */
const RETRY_BASE_MS = 100;
/** Why 5 s: an outage shorter than that is noticed over at once, and recovery stays below 15 s. */
const RETRY_CAP_MS = 5_000;

export interface FailuresOptions {
  scheduler: Scheduler;
  clock: Clock;
  random: Random;
  /** Sets a packet aside; `bytes` is what it holds in memory, estimated. */
  deadLetter(letter: DeadLetter, bytes: number): void;
  /** Ends the run as failed. */
  abort(error: Error): void;
}

/** What happens to a packet that a node could not process, and to one that found no room. */
export class Failures {
  readonly #options: FailuresOptions;

  constructor(options: FailuresOptions) {
    this.#options = options;
  }

  /** A call of `process` threw, rejected or gave back nonsense. */
  thrown(node: NodeRun, slot: Slot, thrown: unknown) {
    const { scheduler } = this.#options;
    const error = toError(thrown);
    const { on_error, max_retries } = node.plan.runtime;
    if (on_error === "retry" && slot.attempts < max_retries) return this.#retry(node, slot, error);
    if (node.slot !== slot) return scheduler.settle(node, slot, error);
    const { packet, root } = slot;
    slot.packet = NO_PACKET;
    slot.root = undefined;
    this.giveUp(node, packet, root, error, slot.attempts + 1);
    slot.attempts = 0;
    scheduler.refresh(node);
  }

  /** The last attempt failed: the node's `on_error` decides. */
  giveUp(node: Producer, packet: StreamPacket, root: AckRoot | undefined, thrown: unknown, attempts = 1) {
    const error = toError(thrown);
    noteError(node, error, this.#options.clock);
    const policy = node.plan.runtime.on_error;
    if (policy === "drop") {
      addDrops(node.counters.dropped, "on_error");
      root?.done();
      return;
    }
    this.setAside(node, packet, error.message, attempts);
    root?.fail(`node "${node.id}": ${error.message}`);
    if (policy === "fail")
      this.#options.abort(new Error(`node "${node.id}" failed: ${error.message}`, { cause: error }));
  }

  /** Adds a dead letter for a packet, or for an input record that never became one. */
  setAside(node: Producer, what: unknown, reason: string, attempts: number) {
    node.counters.deadLetters += 1;
    const at = new Date(this.#options.clock.nowMs()).toISOString();
    const held = isPacket(what) ? { packet: what } : { record: what };
    const bytes = isPacket(what) ? packetBytes(what) : 2 * String(what).length;
    this.#options.deadLetter({ ...held, node_id: node.id, reason, attempts, first_at: at, at }, bytes);
  }

  /** Shedding: the overflow policy of an inbox gave a packet up. A loss chosen on purpose, so the root is done. */
  shed(edge: EdgeRun, root: AckRoot | undefined) {
    countDrop(edge, edge.input.inbox.limits.overflow as DropReason);
    root?.done();
  }

  /** `overflow: fail`. */
  overflow(edge: EdgeRun, root: AckRoot | undefined) {
    countDrop(edge, "overflow_fail");
    const { capacity } = edge.input.inbox.limits;
    const error = new Error(
      `inbox "${edge.to.id}.${edge.input.name}" is full (capacity ${capacity}) and its overflow is "fail": ` +
        "slow the source down, raise capacity, or choose block or drop_oldest",
    );
    noteError(edge.to, error, this.#options.clock);
    root?.fail(error.message);
    this.#options.abort(error);
  }

  #retry(node: NodeRun, slot: Slot, error: Error) {
    const { scheduler, clock, random } = this.#options;
    noteError(node, error, clock);
    node.counters.retries += 1;
    scheduler.occupy(node, slot);
    const waitMs = fullJitterMs(random, slot.attempts, RETRY_BASE_MS, RETRY_CAP_MS);
    slot.attempts += 1;
    clock.setTimer(() => this.#again(node, slot), waitMs);
  }

  #again(node: NodeRun, slot: Slot) {
    const { scheduler } = this.#options;
    try {
      const result = scheduler.call(node, slot);
      if (isAsyncResult(result)) finishAsync(scheduler, node, slot, result);
      else if (result !== undefined) node.expanding = { slot, iterator: result as Iterator<StreamPacket> };
      else scheduler.settle(node, slot, undefined);
    } catch (error) {
      this.thrown(node, slot, error);
    }
    scheduler.refresh(node);
    scheduler.onWork();
  }
}

export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

export function noteError(producer: Producer, error: Error, clock: Clock) {
  producer.counters.errors += 1;
  producer.lastError = { message: error.message, atMs: clock.nowMs() };
}

/** The edge and the node that would have taken the packet both count the loss. */
export function countDrop(edge: EdgeRun, reason: DropReason) {
  addDrops(edge.counters.dropped, reason);
  addDrops(edge.to.counters.dropped, reason);
}
