import { fullJitterMs } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { toError } from "../base/to_error.ts";
import { failureKind, type PacketFailure } from "../node/index.ts";
import { addDrops, type DeadLetter, type DropReason } from "../observe/index.ts";
import { isPacket, packetBytes, type StreamPacket } from "../packet/index.ts";
import type { AckRoot } from "./ack.ts";
import { NO_PACKET, type NodeRun, type Slot, TIME_CALL } from "./node_run.ts";
import type { EdgeRun, Producer } from "./producer.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Timers } from "./timers.ts";

/** First wait of `on_error: retry`; the waits double, with full jitter. */
const RETRY_BASE_MS = 100;
/** Why 5 s: an outage shorter than that is noticed over at once, and recovery stays below 15 s. */
const RETRY_CAP_MS = 5_000;

export interface FailuresOptions {
  scheduler: Scheduler;
  clock: Clock;
  random: Random;
  timers: Timers;
  /** Sets a packet aside; `bytes` is what it holds in memory, estimated. */
  deadLetter(letter: DeadLetter, bytes: number): void;
  /** Ends the run as failed. */
  abort(error: Error): void;
}

/** A call of `process` that failed: `attempts` failed before it, the first at `failedAtMs` (wall clock). */
type FailedCall = Pick<Slot, "packet" | "root" | "input" | "attempts" | "failedAtMs">;

/** What more is known of a dead letter. */
interface Tried {
  attempts?: number;
  /** Wall clock. */
  failedAtMs?: number;
  port?: string | undefined;
  stack?: string | undefined;
  queue?: string | undefined;
  /** The letter stands for so many. */
  rows?: number;
}

/** What happens to a packet that a node could not process, and to one that found no room. */
export class Failures {
  readonly #options: FailuresOptions;

  constructor(options: FailuresOptions) {
    this.#options = options;
  }

  /** Wall clock. */
  get nowMs(): number {
    return this.#options.clock.nowMs();
  }

  /** A call of `process`, `advance` or `wake` threw, rejected or gave back nonsense. */
  thrown(node: NodeRun, slot: Slot, thrown: unknown) {
    // The run ended without this call, and counted it as lost.
    if (slot.packet === NO_PACKET) return;
    const { scheduler, clock } = this.#options;
    const error = toError(thrown);
    const { on_error, max_retries } = node.plan.runtime;
    if (slot.attempts === 0) slot.failedAtMs = clock.nowMs();
    const again = on_error === "retry" && slot.packet !== TIME_CALL;
    if (again && slot.attempts < max_retries && failureKind(error) !== "rejected")
      return this.#retry(node, slot, error);
    if (node.slot !== slot) return scheduler.settle(node, slot, error);
    const { packet, root, input, attempts, failedAtMs } = slot;
    slot.packet = NO_PACKET;
    slot.root = undefined;
    this.giveUp(node, { packet, root, input, attempts, failedAtMs }, error);
  }

  /** The last attempt failed: the node's `on_error` decides. */
  giveUp(node: Producer, { packet, root, input, attempts, failedAtMs }: FailedCall, thrown: unknown) {
    const error = toError(thrown);
    this.note(node, error);
    const policy = node.plan.runtime.on_error;
    const onTime = packet === TIME_CALL;
    if (policy === "drop") {
      if (!onTime) addDrops(node.counters.dropped, "on_error");
      root?.done();
      return;
    }
    const port = onTime ? undefined : input;
    const tried = { attempts: attempts + 1, failedAtMs, port, stack: error.stack };
    // A sender that hears "not now" comes again with the same packet, as a queue does: nothing is set aside.
    const comesAgain = root?.keeps || (root?.asks && failureKind(error) === "unavailable");
    if (!comesAgain) this.setAside(node, onTime ? { call: input } : packet, error.message, tried);
    root?.fail({ ...failureOf(`node "${node.id}": ${error.message}`, error), node: node.id, port });
    if (policy === "fail")
      this.#options.abort(new Error(`node "${node.id}" failed: ${error.message}`, { cause: error }));
  }

  /** Adds a dead letter for a packet, or for an input record that never became one. */
  setAside(node: Producer, what: unknown, why: string, { attempts = 1, failedAtMs, ...rest }: Tried = {}) {
    node.counters.deadLetters += rest.rows ?? 1;
    // A plugin in JavaScript may give any value as the reason, and the report needs text.
    const reason = typeof why === "string" ? why : toError(why).message;
    const nowMs = this.#options.clock.nowMs();
    const [first_at, at] = [failedAtMs ?? nowMs, nowMs].map((ms) => new Date(ms).toISOString());
    const held = isPacket(what) ? { packet: what } : { record: what };
    const bytes = packetBytes(held.packet ?? { ...NO_PACKET, payload: what });
    const letter = { ...held, node_id: node.id, reason, attempts, first_at: first_at!, at: at!, ...rest };
    this.#options.deadLetter(letter, bytes);
  }

  /** Counts a fault of a node that concerns no packet of its own. */
  note(producer: Producer, error: Error) {
    noteError(producer, error, this.#options.clock);
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
    this.note(edge.to, error);
    root?.fail({ ...failureOf(error.message, error), node: edge.to.id, port: edge.toPort });
    this.#options.abort(error);
  }

  /** A packet that may not go round any more is set aside where its cycle closes. */
  endLoop({ to, toPort }: EdgeRun, packet: StreamPacket, root: AckRoot | undefined, why: string) {
    if (!root?.keeps) this.setAside(to, packet, why, { port: toPort });
    root?.fail({ kind: "rejected", error: new Error(`node "${to.id}": ${why}`), node: to.id, port: toPort });
  }

  #retry(node: NodeRun, slot: Slot, error: Error) {
    const { scheduler, timers, random } = this.#options;
    this.note(node, error);
    node.counters.retries += 1;
    scheduler.occupy(node, slot);
    const waitMs = fullJitterMs(random, slot.attempts, RETRY_BASE_MS, RETRY_CAP_MS);
    slot.attempts += 1;
    timers.after(waitMs, () => {
      scheduler.call(node, slot);
      scheduler.onWork();
    });
  }
}

/** Counts what was thrown, keeps its text, and gives it back as an error. */
export function noteError(producer: Producer, thrown: unknown, clock: Clock): Error {
  const error = toError(thrown);
  producer.counters.errors += 1;
  producer.lastError = { message: error.message, atMs: clock.nowMs() };
  return error;
}

/** The edge and the node that would have taken the packet both count the loss. */
export function countDrop(edge: EdgeRun, reason: DropReason) {
  addDrops(edge.counters.dropped, reason);
  addDrops(edge.to.counters.dropped, reason);
}

function failureOf(message: string, cause: Error): PacketFailure {
  const error = new Error(message, { cause });
  return { kind: failureKind(cause), error, node: undefined, port: undefined };
}

/** The run ended before the packet did; it was not tried to the end, and nothing is wrong with it. */
export const leftBehind = (reason: DropReason): PacketFailure => ({
  kind: "unavailable",
  error: new Error(reason),
  node: undefined,
  port: undefined,
});
