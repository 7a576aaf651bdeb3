import { DEFAULT_MAX_HOPS } from "../graph/plan.ts";
import type { DropReason } from "../observe/index.ts";
import type { StreamPacket } from "../packet/index.ts";
import type { AckRoot } from "./ack.ts";
import { countDrop, type Failures, leftBehind } from "./failures.ts";
import type { EdgeRun } from "./producer.ts";

/** A loop that makes more than it takes, or a packet that does not leave it. */
export type LoopAlarm = Extract<DropReason, "loop_full" | "hop_limit">;

/**
 * What goes round in cycles: how often each packet came by an edge that closes one, and what may go on.
 *
 * A count belongs to a packet, over all its copies; what a node on a cycle makes in a call of `process` inherits that of
 * the packet it was called with. A packet made of nothing, such as by a timer, begins at 0.
 */
export class Loops {
  /** Weak, as most packets leave the cycle some day and nobody says when. */
  readonly #hops = new WeakMap<StreamPacket, number>();
  readonly #failures: Failures;
  readonly #onAlarm: (edge: EdgeRun, alarm: LoopAlarm) => void;
  #closed = false;

  /** `onAlarm` hears the first packet that each edge gives up, and why. */
  constructor(failures: Failures, onAlarm: (edge: EdgeRun, alarm: LoopAlarm) => void) {
    this.#failures = failures;
    this.#onAlarm = onAlarm;
  }

  /** What goes round ends where its cycle closes: the input has ended, and was given time to leave. */
  close() {
    this.#closed = true;
  }

  /** `made` came of `packet` on a cycle. */
  inherit(packet: StreamPacket, made: StreamPacket) {
    const hops = this.#hops.get(packet);
    // What was round already keeps its own count: a delay emits an old packet when a new one comes.
    if (hops !== undefined && Object(made) === made && !this.#hops.has(made)) this.#hops.set(made, hops);
  }

  /** Lets a packet go round once more; false when it was given up, and its root heard of it. */
  pass(edge: EdgeRun, packet: StreamPacket, root: AckRoot | undefined): boolean {
    if (this.#closed) {
      countDrop(edge, "loop_ended");
      root?.fail(leftBehind("loop_ended"));
      return false;
    }
    const hops = (this.#hops.get(packet) ?? 0) + 1;
    const { max_hops = DEFAULT_MAX_HOPS } = edge.to.plan.runtime;
    if (max_hops !== "off" && hops > max_hops) return this.#giveUp(edge, packet, root, "hop_limit", max_hops);
    if (edge.input.inbox.full) {
      return this.#giveUp(edge, packet, root, "loop_full", edge.input.inbox.limits.capacity);
    }
    this.#hops.set(packet, hops);
    return true;
  }

  #giveUp(edge: EdgeRun, packet: StreamPacket, root: AckRoot | undefined, alarm: LoopAlarm, bound: number): false {
    if (!edge.counters.dropped.has(alarm)) this.#onAlarm(edge, alarm);
    countDrop(edge, alarm);
    this.#failures.endLoop(edge, packet, root, `${alarm}: ${WHY[alarm](bound)}`);
    return false;
  }
}

const WHY: Record<LoopAlarm, (bound: number) => string> = {
  hop_limit: (bound) =>
    `the packet went round ${bound} times and did not leave the cycle; runtime.max_hops allows more`,
  loop_full: (bound) =>
    `the inbox that closes the cycle is full (capacity ${bound}), and waiting would be waiting for itself: ` +
    "the cycle makes more packets than it takes",
};
