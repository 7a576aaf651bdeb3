import type { Clock } from "../base/clock.ts";
import type { IdGenerator, StreamPacket } from "../packet/index.ts";
import type { AckRoot } from "./ack.ts";
import { Backpressure } from "./backpressure.ts";
import type { Failures } from "./failures.ts";
import { MAX_HELD, tooMany } from "./held.ts";
import type { Loops } from "./loops.ts";
import { NO_PACKET, type NodeRun, type Slot } from "./node_run.ts";
import { keepGoing, onTime, pull } from "./pending.ts";
import type { EdgeRun, InputRun, Producer } from "./producer.ts";
import { ReadySet } from "./ready_set.ts";

/** A turn ends after this long, so that timers, sockets and the page stay live. */
export const TURN_MS = 8;
/** Most steps between two looks at the clock: 256 steps of a fast graph are about 5 µs. */
const MAX_STRIDE = 256;

/**
 * Packets that come round cycles between two of a source: a loop that never rests lets others in. Why 256: a packet that
 * takes some rounds has left before the next one enters, and at 1 µs a step a source waits a quarter millisecond. With
 * no source to let in it ends the turn.
 */
const LOOP_SHARE = 256;

/** Read by the watchdog thread: [steps taken, node that is running or -1]. */
export const HEART_STEPS = 0;
export const HEART_NODE = 1;

export interface SchedulerOptions {
  clock: Clock;
  /** False keeps every packet going through its inbox; order and counters are the same. */
  fuse: boolean;
  heart: Int32Array;
  ids: IdGenerator;
}

/**
 * Runs nodes one packet at a time, the most downstream first, so a packet leaves before the next enters.
 *
 * A node whose only edge leads to an idle node hands its packet straight on (operator chaining). That is
 * the node the ready set would pick next: it is downstream of the one that just ran, and that one was the
 * most downstream. So the fused run has the order, counters and bounds of the unfused one.
 */
export class Scheduler {
  readonly fuse: boolean;
  /** Monotonic time, at most {@link MAX_STRIDE} steps old; the stride shrinks when steps take long. */
  nowMs: number;
  /** Shorter while somebody waits for the end of a turn. */
  turnMs = TURN_MS;
  /** Calls of `process` that returned a promise or an async iterator and have not settled. */
  inFlight = 0;
  /** Called when something outside a turn made work. */
  onWork: () => void = () => {};
  failures!: Failures;
  loops!: Loops;
  readonly #clock: Clock;
  readonly #heart: Int32Array;
  readonly #ids: IdGenerator;
  readonly #inboxes = new Backpressure(this);
  #ready = new ReadySet(1);
  #byRank: readonly NodeRun[] = [];
  #fusesSources: boolean;
  #loopSteps = 0;
  #untilClock = 1;
  #stride = 1;
  #turnEndsMs = 0;

  constructor({ clock, fuse, heart, ids }: SchedulerOptions) {
    this.#ids = ids;
    this.#clock = clock;
    this.#heart = heart;
    this.fuse = fuse;
    this.#fusesSources = fuse;
    this.nowMs = clock.monotonicMs();
  }

  /** Takes a graph over; `byRank[r]` is the node of rank r, or absent for a source. */
  schedule(byRank: readonly NodeRun[], edges: readonly EdgeRun[]) {
    this.#inboxes.edges = edges;
    this.#byRank = byRank;
    this.#ready = new ReadySet(byRank.length);
  }

  /** Keeps the ready set true to `node.runnable`. Called whenever queue, room or slots of a node change. */
  readonly refresh = (node: NodeRun) => {
    if (node.rank < 0) return;
    node.idle = node.couldTake;
    if (node.runnable) this.#ready.add(node.rank);
    else this.#ready.remove(node.rank);
  };

  /** After the edges have changed: who waits for room, and who does not any more. */
  findRoom(producers: readonly Producer[], inputs: readonly InputRun[]) {
    this.#inboxes.look(producers, inputs);
  }

  get hasReady(): boolean {
    return !this.#ready.isEmpty;
  }

  /** One step done: false when it is time to look at the clock. */
  step(): boolean {
    this.#untilClock -= 1;
    return this.#untilClock > 0;
  }

  /** Runs until nothing is ready and `feed` has nothing, or the time is up; true when there is more to do. */
  turn(feed: () => boolean): boolean {
    this.readClock();
    this.#turnEndsMs = this.nowMs + this.turnMs;
    for (;;) {
      const rank = this.#ready.highest();
      if (rank < 0) {
        if (!feed()) break;
        this.#loopSteps = 0;
      } else if (this.#loopSteps >= LOOP_SHARE && this.#byRank[rank]!.loopWaits) this.#letIn(feed);
      else this.#run(this.#byRank[rank]!);
      if (--this.#untilClock <= 0) this.readClock();
      if (this.nowMs >= this.#turnEndsMs) break;
    }
    this.#heart[HEART_NODE] = -1;
    this.#ids.pin(undefined);
    return this.nowMs >= this.#turnEndsMs;
  }

  /** A packet from outside, though a cycle is busy. It goes through an inbox: what is ready may be further downstream. */
  #letIn(feed: () => boolean) {
    this.#loopSteps = 0;
    this.#fusesSources = false;
    // With nobody to let in the event loop has its turn, whatever the clock says.
    if (!feed()) this.endTurn();
    this.#fusesSources = this.fuse;
  }

  /** Ends the turn under way after the node that runs now. */
  endTurn() {
    this.#turnEndsMs = Number.NEGATIVE_INFINITY;
  }

  /** Looks at the clock, and looks more often the longer steps take. */
  readClock() {
    const before = this.nowMs;
    this.nowMs = this.#clock.monotonicMs();
    this.#ids.pin(this.#clock.nowMs());
    const tookMs = this.nowMs - before;
    if (tookMs > TURN_MS) this.#stride = 1;
    else if (tookMs > 0.5) this.#stride = Math.max(1, this.#stride >>> 1);
    else if (tookMs < 0.1) this.#stride = Math.min(MAX_STRIDE, this.#stride << 1);
    this.#untilClock = this.#stride;
    this.#heart[HEART_STEPS]! += 1;
  }

  /** Sends a source's packet over its only edge, straight on when the node there is idle. */
  sendSole(edge: EdgeRun, packet: StreamPacket, root: AckRoot | undefined) {
    edge.counters.passed += 1;
    if (root !== undefined) root.add();
    if (edge.to.idle && this.#fusesSources) this.#chain(edge.to, edge.toPort, packet, root);
    else this.#inboxes.enqueue(edge, packet, root);
  }

  /** Sends a source's packet over one of several edges. */
  send(edge: EdgeRun, packet: StreamPacket, root: AckRoot | undefined) {
    edge.counters.passed += 1;
    if (root !== undefined) root.add();
    this.#inboxes.enqueue(edge, packet, root);
  }

  /** A packet from `emit` that cannot stay in hand. */
  emitted(node: NodeRun, slot: Slot, edge: EdgeRun, packet: StreamPacket) {
    this.putDown(node);
    if (node.held.length + slot.waiting.length >= MAX_HELD) throw tooMany(node);
    const { root } = slot;
    // Counted from now on, as what the call emits next may be for another root.
    if (root !== undefined) root.add();
    const copy = root?.branch(edge.mark, slot.sent++, edge, packet);
    if (slot.outlives && !node.atFront(slot)) slot.waiting.push({ edge, packet, root: copy });
    else this.#sendOn(edge, packet, copy);
  }

  #sendOn(edge: EdgeRun, packet: StreamPacket, root: AckRoot | undefined) {
    edge.counters.passed += 1;
    if (edge.feedback && !this.loops.pass(edge, packet, root)) return;
    this.#inboxes.enqueue(edge, packet, root);
  }

  /** Calls `process` for a slot that is occupied already: a retry, or a call in an ordered line. */
  call(node: NodeRun, slot: Slot) {
    this.#heart[HEART_NODE] = node.index;
    slot.sent = 0;
    try {
      const result = node.processAgain(slot);
      if (result === undefined) this.settle(node, slot, undefined);
      else keepGoing(this, node, slot, result);
    } catch (error) {
      this.failures.thrown(node, slot, error);
    }
    this.#heart[HEART_NODE] = -1;
  }

  /** Ends a call that outlived `process`: its slot is free again, in order when order is kept. */
  settle(node: NodeRun, slot: Slot, error: unknown) {
    slot.settled = true;
    slot.error = error;
    if (!node.keepsOrder) this.#release(node, slot);
    while (node.line[0]?.settled) {
      this.#release(node, node.line.shift()!);
      const next = node.line[0];
      if (next !== undefined) this.#flushWaiting(next);
    }
    node.wake();
    this.refresh(node);
    this.onWork();
  }

  #run(node: NodeRun) {
    if (node.expanding !== undefined) {
      this.#heart[HEART_NODE] = node.index;
      return pull(this, node);
    }
    if (node.due !== 0) return onTime(this, node);
    const input = node.nextInput();
    const { inbox } = input;
    const root = inbox.headRoot;
    this.#inboxes.edges[inbox.headEdge]!.counters.waitMs.record(this.nowMs - inbox.headStampMs);
    const packet = inbox.shift();
    node.queued -= 1;
    if (node.queued === 0) this.refresh(node);
    if (input.feedback) this.#loopSteps += 1;
    if (input.shut && !(input.feedback ? inbox.halfFull : inbox.full)) this.#openBehind(node, input);
    if (node.line.length > 0) this.#join(node, input.name, packet, root);
    else this.#chain(node, input.name, packet, root);
  }

  /** What feeders let go may make a node ready that is further downstream than the next of `node`: it goes first. */
  #openBehind(node: NodeRun, input: InputRun) {
    this.#inboxes.open(input);
    if (node.sole !== undefined && this.#ready.highest() > node.rank) node.sole.to.idle = false;
  }

  /** Calls of an ordered line are under way: this one may not overtake them, even if it is done at once. */
  #join(node: NodeRun, input: string, packet: StreamPacket, root: AckRoot | undefined) {
    const slot = node.slot!;
    node.counters.consumed += 1;
    slot.input = input;
    slot.packet = packet;
    slot.root = root;
    slot.sent = 0;
    this.occupy(node, slot);
    this.call(node, slot);
  }

  #chain(first: NodeRun, firstInput: string, firstPacket: StreamPacket, firstRoot: AckRoot | undefined) {
    let node = first;
    let root = firstRoot;
    let input = firstInput;
    let packet = firstPacket;
    const heart = this.#heart;
    // Not only when the clock is looked at: 256 slow steps in between would pass for a stall.
    heart[HEART_STEPS]! += 1;
    for (;;) {
      heart[HEART_NODE] = node.index;
      node.counters.consumed += 1;
      const slot = node.slot!;
      slot.packet = packet;
      if (root !== undefined) {
        slot.root = root;
        slot.sent = 0;
      }
      let result: unknown;
      try {
        result = node.instance.process(packet, slot.emit, input);
      } catch (error) {
        slot.input = input;
        this.putDown(node);
        this.failures.thrown(node, slot, error);
        return;
      }
      if (result !== undefined) {
        slot.input = input;
        this.putDown(node);
        keepGoing(this, node, slot, result);
        return;
      }
      slot.packet = NO_PACKET;
      // Another one when the node carries what it held.
      root = slot.root;
      if (root !== undefined) slot.root = undefined;
      const next = node.hand;
      if (root !== undefined) root.done();
      if (next === undefined) return;
      node.hand = undefined;
      const edge = node.sole!;
      if (!edge.to.idle) return this.#inboxes.enqueue(edge, next, root);
      node = edge.to;
      input = edge.toPort;
      packet = next;
      if (--this.#untilClock <= 0) this.readClock();
    }
  }

  /** Takes the slot out of the free ones until {@link settle}. */
  occupy(node: NodeRun, slot: Slot) {
    if (node.slot !== slot) return;
    node.takeSlot();
    slot.outlives = true;
    slot.sinceMs = this.nowMs;
    this.inFlight += 1;
    slot.settled = false;
    if (node.keepsOrder) node.line.push(slot);
    this.refresh(node);
  }

  /** Gives the packet in hand to its inbox, because another follows or `process` goes on. */
  readonly putDown = (node: NodeRun) => {
    const packet = node.hand;
    if (packet === undefined) return;
    node.hand = undefined;
    this.#inboxes.enqueue(node.sole!, packet, node.slot?.root);
  };

  #flushWaiting(slot: Slot) {
    const waiting = slot.waiting;
    slot.waiting = [];
    for (const { edge, packet, root } of waiting) this.#sendOn(edge, packet, root);
  }

  #release(node: NodeRun, slot: Slot) {
    const { packet, root, input, error, attempts, failedAtMs } = slot;
    slot.packet = NO_PACKET;
    slot.root = undefined;
    slot.iterator = undefined;
    slot.outlives = false;
    slot.attempts = 0;
    slot.error = undefined;
    node.freeSlot(slot);
    this.inFlight -= 1;
    if (error === undefined) root?.done();
    else this.failures.giveUp(node, { packet, root, input, attempts, failedAtMs }, error);
  }
}
