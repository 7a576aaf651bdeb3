import type { InboxLimits } from "../graph/plan.ts";
import { packetBytes, type StreamPacket } from "../packet/index.ts";
import type { AckRoot } from "./ack.ts";

/** A packet that had to leave a full inbox. */
export interface Evicted {
  packet: StreamPacket;
  root: AckRoot | undefined;
  /** Index of the edge it came over. */
  edge: number;
}

const FIRST_SLOTS = 16;

/**
 * The bounded queue of one input port: a ring that grows to its capacity and never beyond.
 *
 * Invariant: `count <= capacity` but for what a reload has let in; bytes exceed `max_bytes` only by the
 * last packet let in, so that a packet larger than the bound still passes, alone.
 */
export class Inbox {
  limits: InboxLimits;
  count = 0;
  bytes = 0;
  /** Most packets ever held, for the report. */
  peak = 0;
  #mask = FIRST_SLOTS - 1;
  #head = 0;
  #packets: (StreamPacket | undefined)[] = new Array(FIRST_SLOTS).fill(undefined);
  #sizes = new Float64Array(FIRST_SLOTS);
  #stampsMs = new Float64Array(FIRST_SLOTS);
  #edges = new Int32Array(FIRST_SLOTS);
  /** Made when the first packet with a waiting source comes in; without one nobody pays. */
  #roots: (AckRoot | undefined)[] | undefined;

  constructor(limits: InboxLimits) {
    this.limits = limits;
  }

  get full(): boolean {
    return this.count >= this.limits.capacity || this.bytes >= this.limits.max_bytes;
  }

  get halfFull(): boolean {
    return 2 * this.count >= this.limits.capacity || 2 * this.bytes >= this.limits.max_bytes;
  }

  /** Removes the packet that the overflow policy gives up first; undefined when the newcomer must go. */
  evict(): Evicted | undefined {
    const victim = this.#victim();
    return victim < 0 ? undefined : this.#takeAt(victim);
  }

  /** Adds a packet that came over `edge` at monotonic time `nowMs`. The caller has looked at {@link full}. */
  push(packet: StreamPacket, root: AckRoot | undefined, nowMs: number, edge: number) {
    if (this.count > this.#mask) this.#grow();
    const at = (this.#head + this.count) & this.#mask;
    const size = packetBytes(packet);
    this.#packets[at] = packet;
    this.#sizes[at] = size;
    this.#stampsMs[at] = nowMs;
    this.#edges[at] = edge;
    if (root !== undefined) this.#roots ??= new Array(this.#mask + 1).fill(undefined);
    if (this.#roots !== undefined) this.#roots[at] = root;
    this.bytes += size;
    this.count += 1;
    if (this.count > this.peak) this.peak = this.count;
  }

  /** Takes the oldest packet; look at {@link headRoot} and {@link headStampMs} first. */
  shift(): StreamPacket {
    const at = this.#head;
    const packet = this.#packets[at]!;
    this.#packets[at] = undefined;
    if (this.#roots !== undefined) this.#roots[at] = undefined;
    this.bytes -= this.#sizes[at]!;
    this.#head = (at + 1) & this.#mask;
    this.count -= 1;
    return packet;
  }

  /** Edges have other indexes now. */
  renumber(to: (edge: number) => number) {
    for (let offset = 0; offset < this.count; offset++) {
      const at = (this.#head + offset) & this.#mask;
      this.#edges[at] = to(this.#edges[at]!);
    }
  }

  /** Shows everything that waits, in no order. */
  each(look: (packet: StreamPacket) => void) {
    for (const packet of this.#packets) if (packet !== undefined) look(packet);
  }

  get headRoot(): AckRoot | undefined {
    return this.#roots?.[this.#head];
  }

  /** Index of the edge the oldest packet came over. */
  get headEdge(): number {
    return this.#edges[this.#head]!;
  }

  /** When the oldest packet came in, monotonic milliseconds. */
  get headStampMs(): number {
    return this.#stampsMs[this.#head]!;
  }

  /** Offset from the head of the packet that goes, or -1 when the newcomer does. */
  #victim(): number {
    if (this.count === 0) return -1;
    if (this.limits.overflow === "drop_oldest") return 0;
    if (this.limits.overflow !== "weighted_drop") return -1;
    let lightest = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let offset = 0; offset < this.count; offset++) {
      const weight = this.#weight(this.#packets[(this.#head + offset) & this.#mask]!);
      // Strictly less, so that of equal weights the oldest goes.
      if (weight >= least) continue;
      least = weight;
      lightest = offset;
    }
    return lightest;
  }

  #weight(packet: StreamPacket): number {
    const weights = this.limits.weights;
    if (weights === undefined) return 0;
    const payload = packet.payload as Record<string, unknown> | null;
    const group = packet.meta[weights.key] ?? (typeof payload === "object" ? payload?.[weights.key] : undefined);
    // Lists and maps name no group, and such a map out of a JSON line can have a `toString` that is no function.
    if (typeof group === "object") return weights.fallback;
    const name = String(group);
    // Own keys only: a group may be called "constructor".
    return Object.hasOwn(weights.values, name) ? weights.values[name]! : weights.fallback;
  }

  /** Removes one packet from the middle; O(n), which only shedding pays. */
  #takeAt(offset: number): Evicted {
    for (let step = offset; step > 0; step--) this.#swapWithPrevious((this.#head + step) & this.#mask);
    const root = this.headRoot;
    const edge = this.headEdge;
    return { packet: this.shift(), root, edge };
  }

  #swapWithPrevious(at: number) {
    const before = (at - 1) & this.#mask;
    for (const lane of [this.#packets, this.#sizes, this.#stampsMs, this.#edges, this.#roots] as (
      | unknown[]
      | undefined
    )[]) {
      if (lane === undefined) continue;
      const held = lane[at];
      lane[at] = lane[before];
      lane[before] = held;
    }
  }

  #grow() {
    const slots = (this.#mask + 1) * 2;
    const order = Array.from({ length: this.count }, (_, offset) => (this.#head + offset) & this.#mask);
    const spread = <Item>(lane: ArrayLike<Item>) => order.map((at) => lane[at]!);
    const packets = spread(this.#packets);
    packets.length = slots;
    const sizes = new Float64Array(slots);
    sizes.set(spread(this.#sizes));
    const stampsMs = new Float64Array(slots);
    stampsMs.set(spread(this.#stampsMs));
    if (this.#roots !== undefined) {
      this.#roots = spread(this.#roots);
      this.#roots.length = slots;
    }
    const edges = new Int32Array(slots);
    edges.set(spread(this.#edges));
    this.#packets = packets;
    this.#edges = edges;
    this.#sizes = sizes;
    this.#stampsMs = stampsMs;
    this.#head = 0;
    this.#mask = slots - 1;
  }
}
