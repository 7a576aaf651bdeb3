import type { StreamPacket } from "../packet/index.ts";
import type { AckRoot } from "./ack.ts";
import type { Failures } from "./failures.ts";
import type { NodeRun } from "./node_run.ts";
import type { EdgeRun, InputRun, Producer } from "./producer.ts";

/** What of the scheduler the way into an inbox needs. */
interface Surroundings {
  /** Monotonic time; stamps what waits. */
  readonly nowMs: number;
  readonly failures: Failures;
  refresh(node: NodeRun): void;
}

/**
 * The way into inboxes, and what happens where one is full: producers wait, or packets are shed.
 *
 * Invariant: a producer's `blocked` counts the shut inboxes behind its edges; an inbox is shut from the packet
 * that filled it until one is taken. What closes a cycle never blocks a node, which would wait for itself: its inbox is
 * shut from half full on, and blocks the sources before the cycle, so that they alone cannot fill it.
 */
export class Backpressure {
  /** Edges by index, for packets that are found in an inbox again. */
  edges: readonly EdgeRun[] = [];
  readonly #around: Surroundings;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** Puts a packet into the inbox at the end of `edge`, or does what its overflow policy says. */
  enqueue(edge: EdgeRun, packet: StreamPacket, root: AckRoot | undefined) {
    edge.queued += 1;
    if ((edge.input.inbox.full || edge.held !== 0) && !this.#makeRoom(edge, packet, root)) return;
    this.#admit(edge, packet, root);
  }

  /** A packet was taken from a shut inbox: who waited for room goes on. */
  open(input: InputRun) {
    input.shut = false;
    for (const feeder of input.feeders) {
      feeder.blocked -= 1;
      if (feeder.blocked === 0 && feeder.held.length > 0) this.#letGo(feeder);
      if (feeder.blocked === 0) feeder.roomChanged();
    }
  }

  /** Counts anew which inboxes are shut and who waits for them. */
  look(producers: readonly Producer[], inputs: readonly InputRun[]) {
    const before = producers.map(({ blocked }) => blocked > 0);
    for (const producer of producers) producer.blocked = 0;
    for (const input of inputs) {
      input.shut = mustShut(input);
      if (input.shut) for (const feeder of input.feeders) feeder.blocked += 1;
    }
    for (const [at, producer] of producers.entries()) {
      if (producer.blocked === 0 && producer.held.length > 0) this.#letGo(producer);
      if (before[at] !== producer.blocked > 0) producer.roomChanged();
    }
  }

  /** The inbox at the end of `edge` has room. */
  #admit(edge: EdgeRun, packet: StreamPacket, root: AckRoot | undefined) {
    const { input } = edge;
    const { inbox } = input;
    inbox.push(packet, root, this.#around.nowMs, edge.index);
    const node = edge.to;
    node.queued += 1;
    if (node.queued === 1) this.#around.refresh(node);
    if (mustShut(input)) shut(input);
  }

  /** Full inbox, or one that others wait for: true when there is room for the newcomer now. */
  #makeRoom(edge: EdgeRun, packet: StreamPacket, root: AckRoot | undefined): boolean {
    const { inbox } = edge.input;
    const { failures } = this.#around;
    if (inbox.limits.overflow === "block") {
      edge.from.held.push(edge, packet, root);
      return false;
    }
    if (inbox.limits.overflow === "fail") {
      failures.overflow(edge, root);
      return false;
    }
    while (inbox.full) {
      const evicted = inbox.evict();
      if (evicted === undefined) {
        failures.shed(edge, root);
        return false;
      }
      edge.to.queued -= 1;
      failures.shed(this.edges[evicted.edge]!, evicted.root);
    }
    return true;
  }

  /** Sends what a producer holds, until an inbox is full again. */
  #letGo(feeder: Producer) {
    while (feeder.held.length > 0 && feeder.blocked === 0) {
      const { edge, packet, root } = feeder.held.shift();
      this.#admit(edge, packet, root);
    }
  }
}

function mustShut({ inbox, feedback }: InputRun): boolean {
  if (feedback) return inbox.full || inbox.halfFull;
  return inbox.full && inbox.limits.overflow === "block";
}

function shut(input: InputRun) {
  if (input.shut) return;
  input.shut = true;
  for (const feeder of input.feeders) {
    feeder.blocked += 1;
    if (feeder.blocked === 1) feeder.roomChanged();
  }
}
