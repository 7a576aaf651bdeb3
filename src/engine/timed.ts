import type { Clock } from "../base/clock.ts";
import type { NodeInstance, ProcessResult } from "../node/index.ts";
import { type NodeRun, type Slot, TIME_CALL } from "./node_run.ts";
import type { Timers } from "./timers.ts";

/** Bits of `NodeRun.due`. */
export const ADVANCE = 1;
export const WAKE = 2;

/** Why 2^30 ms: timers of the platform end at 2^31 ms, 25 days, and fire at once beyond. */
const MAX_TIMER_MS = 2 ** 30;

interface Surroundings {
  readonly host: { readonly clock: Clock };
  readonly timers: Timers;
  readonly scheduler: { refresh(node: NodeRun): void; onWork(): void };
}

/** The calls of one node that no packet makes: `advance` when event time has passed, `wake` when it asked for it. */
export class Timed {
  /** The event time that `advance` was last called with, or is due with. */
  toldMs = Number.NEGATIVE_INFINITY;
  /** The one before. What the node emits of the last call is on its way until that is over. */
  #beforeMs = Number.NEGATIVE_INFINITY;
  #advancing: Slot | undefined;
  /** Set once `create` has succeeded. */
  instance: NodeInstance | undefined;
  readonly #node: NodeRun;
  readonly #around: Surroundings;
  /** When it wants to be woken, monotonic. */
  #wakeMs: number | undefined;
  /** What the timer under way is set to, monotonic. */
  #timerMs = Number.POSITIVE_INFINITY;
  #cancel = () => {};

  constructor(node: NodeRun, around: Surroundings, instance: NodeInstance | undefined) {
    this.instance = instance;
    this.#node = node;
    this.#around = around;
  }

  get advances(): boolean {
    return this.instance?.advance !== undefined;
  }

  /** The node waits for a call of `wake`. */
  get asked(): boolean {
    return this.#wakeMs !== undefined;
  }

  /** Event time that everything the node emits from now on is told to come after. */
  get passedMs(): number {
    const slot = this.#advancing;
    const busy = slot?.packet === TIME_CALL && slot.input === "advance";
    return busy || (this.#node.due & ADVANCE) !== 0 ? this.#beforeMs : this.toldMs;
  }

  /** Event time has passed `watermarkMs`. Before the last call of it has begun, it is that call which says so. */
  advanceTo(watermarkMs: number) {
    if ((this.#node.due & ADVANCE) === 0) this.#beforeMs = this.toldMs;
    this.toldMs = watermarkMs;
    this.#makeDue(ADVANCE);
  }

  /** `context.wakeAfter`. */
  wakeAfter(delayMs: number | undefined) {
    const { host, scheduler } = this.#around;
    if (this.instance !== undefined && this.instance.wake === undefined) {
      throw new TypeError(`cannot wake node "${this.#node.id}": what its create returned has no wake`);
    }
    if (delayMs !== undefined && !(delayMs >= 0)) {
      throw new RangeError(`cannot be woken after ${delayMs} ms: it must be a number of milliseconds from 0 on`);
    }
    if ((this.#node.due & WAKE) !== 0) {
      this.#node.due &= ~WAKE;
      scheduler.refresh(this.#node);
    }
    // While it is created: before any source is asked, so that the order of what it emits hangs on no timer.
    if (delayMs === 0 && this.instance === undefined) return this.wakeNow();
    this.#wakeMs = delayMs === undefined ? undefined : host.clock.monotonicMs() + delayMs;
    // A timer that is set to an earlier time sets itself again: a node may ask at every packet.
    if (this.#wakeMs !== undefined && this.#wakeMs < this.#timerMs) this.#setTimer(this.#wakeMs);
  }

  /** It is time, though it may not be: nothing else can happen before. */
  wakeNow() {
    this.#wakeMs = undefined;
    this.#makeDue(WAKE);
  }

  /** Its node is no part of the graph any more. */
  stop() {
    this.#cancel();
    this.#wakeMs = undefined;
    this.#timerMs = Number.POSITIVE_INFINITY;
  }

  /** Makes the call that is due. */
  call(slot: Slot): ProcessResult {
    if (slot.input === "wake") return this.instance?.wake?.(slot.emit);
    this.#advancing = slot;
    return this.instance?.advance?.(this.toldMs, slot.emit);
  }

  #setTimer(atMs: number) {
    const { host, timers } = this.#around;
    this.#cancel();
    this.#timerMs = atMs;
    const waitMs = Math.min(MAX_TIMER_MS, Math.max(0, atMs - host.clock.monotonicMs()));
    this.#cancel = timers.after(waitMs, () => this.#ring());
  }

  #ring() {
    this.#timerMs = Number.POSITIVE_INFINITY;
    if (this.#wakeMs === undefined) return;
    if (this.#wakeMs > this.#around.host.clock.monotonicMs()) return this.#setTimer(this.#wakeMs);
    this.wakeNow();
    this.#around.scheduler.onWork();
  }

  #makeDue(call: typeof ADVANCE | typeof WAKE) {
    this.#node.due |= call;
    this.#around.scheduler.refresh(this.#node);
  }
}
