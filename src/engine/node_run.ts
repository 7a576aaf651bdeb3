import type { Delivered } from "../delivery/index.ts";
import type { PlanNode } from "../graph/plan.ts";
import type { NodeInstance } from "../node/index.ts";
import type { NodeCounters } from "../observe/index.ts";
import type { StreamPacket } from "../packet/index.ts";
import type { AckRoot } from "./ack.ts";
import { type HeldBack, ownRoot, type PacketHold } from "./holding.ts";
import type { Loops } from "./loops.ts";
import { type InputRun, Producer } from "./producer.ts";
import type { Slot } from "./slot.ts";
import { ADVANCE, type Timed } from "./timed.ts";

export type { Slot };

/** Stands in a slot that has no packet, so that comparing with a packet needs no second check. */
export const NO_PACKET: StreamPacket = Object.freeze({
  packet_id: "",
  ts: "",
  kind: "",
  source_id: "",
  payload: undefined,
  meta: {},
});

/** Stands in a slot whose call no packet made: it is one of `advance` or `wake`, and `input` says which. */
export const TIME_CALL: StreamPacket = Object.freeze({ ...NO_PACKET });

/** Packets that an async iterator behind a slow call of its line may make before it waits, too. */
const MAX_AHEAD = 256;

/** A node (not a source) at run time. */
export class NodeRun extends Producer {
  /** Negative while it is no part of the graph that runs: not yet, or no longer. */
  rank: number;
  inputs: InputRun[] = [];
  /** Set once `create` has succeeded. */
  instance!: NodeInstance;
  /** The same, when it has a delivery policy. */
  delivered: Delivered | undefined;
  /** Set on a cycle: what it makes of a packet went round as often as that. */
  loops: Loops | undefined;
  /** Packets in all inboxes. */
  queued = 0;
  /** The slot the next call uses; undefined while all are taken. */
  slot: Slot | undefined;
  /** Further slots nobody uses. */
  readonly #free: Slot[] = [];
  /** Calls under way in arrival order; kept only when results leave in order and more than one may run. */
  readonly line: Slot[] = [];
  keepsOrder: boolean;
  /** It takes no further packet: a reload waits for the calls under way. */
  halted = false;
  /** The call whose iterator is pulled, as room allows. */
  expanding: { slot: Slot; iterator: Iterator<StreamPacket> } | undefined;
  /** All calls with an iterator. More than one only after a retry: while one is pulled no other call begins. */
  readonly #expansions: { slot: Slot; iterator: Iterator<StreamPacket> }[] = [];
  /** All slots, free or not. */
  readonly slots: Slot[] = [];
  /** Calls of `advance` and `wake` that are to be made before the next packet is taken: bits of `timed.ts`. */
  due = 0;
  /** Set when the node has `advance` or `wake`. */
  timed: Timed | undefined;
  /** Packets that the node keeps, oldest first; what `carry` has handed on is none of these. */
  readonly holds = new Set<PacketHold>();
  /** Set when a node further on waits for event time: it may not pass what is kept here. */
  heldBack: HeldBack | undefined;
  /** True when a packet would be taken at once, so it needs no inbox. Kept by the scheduler's refresh. */
  idle = true;
  /** The packet just emitted over the sole edge, not yet in its inbox. */
  hand: StreamPacket | undefined;
  /** Async iterators that wait for room. */
  #waiters: (() => void)[] = [];
  readonly #refresh: (node: NodeRun) => void;
  #nextInput = 0;
  /** Slot of the call under way, when it is none of a first call: that has {@link slot}. */
  #again: Slot | undefined;

  constructor(plan: PlanNode, rank: number, counters: NodeCounters, refresh: (node: NodeRun) => void) {
    super(plan, counters);
    this.rank = rank;
    this.keepsOrder = keepsOrder(plan);
    this.#refresh = refresh;
  }

  /** True when the scheduler may run it now. */
  get runnable(): boolean {
    if (this.blocked !== 0) return false;
    if (this.expanding !== undefined) return this.atFront(this.expanding.slot);
    return ((this.queued !== 0 && !this.halted) || this.due !== 0) && this.slot !== undefined;
  }

  /** Calls that outlived `process`. */
  get inFlight(): number {
    return this.slot === undefined
      ? this.plan.runtime.concurrency
      : this.plan.runtime.concurrency - 1 - this.#free.length;
  }

  /**
   * When the last of its calls began, monotonic, while calls leave no room for another; else undefined. A call
   * with an iterator is none of these: it may go on for ever and emit all the while.
   */
  get busySinceMs(): number | undefined {
    if (this.slot !== undefined || this.slots.some(({ iterator }) => iterator !== undefined)) return undefined;
    return this.slots.reduce((last, { sinceMs }) => Math.max(last, sinceMs), 0);
  }

  /** Slot of the call under way; undefined between calls, and once a call awaits something. */
  get callSlot(): Slot | undefined {
    const slot = this.#again ?? this.slot;
    return slot?.packet === NO_PACKET ? undefined : slot;
  }

  /** Ack root of the packet that the call under way has. */
  get callRoot(): AckRoot | undefined {
    return ownRoot(this.callSlot?.root);
  }

  /** Makes the call of a slot that is taken already. */
  processAgain(slot: Slot): unknown {
    this.#again = slot;
    try {
      if (slot.packet === TIME_CALL) return this.timed!.call(slot);
      return this.instance.process(slot.packet, slot.emit, slot.input);
    } finally {
      this.#again = undefined;
    }
  }

  /** Runs the iterator that a call returned to its next packet. */
  pullNext({ slot, iterator }: { slot: Slot; iterator: Iterator<StreamPacket> }): IteratorResult<StreamPacket> {
    this.#again = slot;
    try {
      return iterator.next();
    } finally {
      this.#again = undefined;
    }
  }

  /** Prepares a slot for the call that is due; event time passes before the node wakes. */
  takeDue(slot: Slot) {
    const call = this.due & ADVANCE || this.due;
    this.due &= ~call;
    slot.packet = TIME_CALL;
    slot.input = call === ADVANCE ? "advance" : "wake";
    slot.root = undefined;
    slot.sent = 0;
  }

  addSlot(slot: Slot) {
    this.slots.push(slot);
    this.freeSlot(slot);
  }

  /** Forgets all slots. No call may be under way. */
  clearSlots() {
    this.slots.length = this.#free.length = 0;
    this.slot = undefined;
    this.keepsOrder = keepsOrder(this.plan);
  }

  /** Gives a slot back. */
  freeSlot(slot: Slot) {
    if (this.slot === undefined) this.slot = slot;
    else this.#free.push(slot);
  }

  /** Takes the slot that {@link slot} names out of the free ones. */
  takeSlot() {
    this.slot = this.#free.pop();
  }

  /** What {@link idle} must be. */
  get couldTake(): boolean {
    if (this.queued !== 0 || this.due !== 0 || this.blocked !== 0 || this.slot === undefined || this.halted)
      return false;
    return this.expanding === undefined && this.line.length === 0;
  }

  /** Adds a call whose iterator is to be pulled; in an ordered line the one further in front is pulled first. */
  expand(slot: Slot, iterator: Iterator<StreamPacket>) {
    slot.iterator = iterator;
    this.#expansions.push({ slot, iterator });
    if (this.keepsOrder) this.#expansions.sort((a, b) => this.line.indexOf(a.slot) - this.line.indexOf(b.slot));
    this.expanding = this.#expansions[0];
  }

  /** The iterator that was pulled has ended. */
  expanded() {
    this.#expansions.shift();
    this.expanding = this.#expansions[0];
  }

  /** Resolves when an async iterator may be pulled again; undefined when it may be now. */
  waitForRoom(slot: Slot): Promise<void> | undefined {
    const mayPull = this.blocked === 0 && (this.atFront(slot) || slot.waiting.length < MAX_AHEAD);
    return mayPull ? undefined : new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Room or the line has changed: async iterators look again. */
  wake() {
    if (this.#waiters.length === 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resume of waiters) resume();
  }

  atFront(slot: Slot): boolean {
    return !this.keepsOrder || this.line[0] === slot;
  }

  /** Something that came round a cycle waits here. */
  get loopWaits(): boolean {
    return this.inputs.some(({ feedback, inbox }) => feedback && inbox.count > 0);
  }

  /** The next input port with a packet; ports take turns, so none starves, unless the node wants the first that has any. */
  nextInput(): InputRun {
    const count = this.inputs.length;
    if (count === 1) return this.inputs[0]!;
    if (this.instance.inputOrder === "as_declared") this.#nextInput = 0;
    for (let tries = 0; tries < count; tries++) {
      const input = this.inputs[this.#nextInput]!;
      this.#nextInput = (this.#nextInput + 1) % count;
      if (input.inbox.count > 0) return input;
    }
    throw new Error(`node "${this.id}" was picked to run with empty inboxes`);
  }

  override roomChanged() {
    if (this.blocked === 0) this.wake();
    this.#refresh(this);
  }
}

/** A node without outputs has no results to put in order: one slow call there must not keep the slots of the rest. */
const keepsOrder = ({ runtime, outputs }: PlanNode) => runtime.ordered && runtime.concurrency > 1 && outputs.length > 0;
