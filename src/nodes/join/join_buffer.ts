import TinyQueue from "tinyqueue";
import type { Hold } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import type { JoinKey } from "./join_key.ts";

export type Side = "left" | "right";

/** A packet that waits for others with its key. */
export interface Waiting {
  readonly side: Side;
  readonly key: JoinKey;
  readonly timeMs: number;
  readonly packet: StreamPacket;
  readonly hold: Hold | undefined;
  matched: boolean;
  /** In the order in which they came. */
  serial: number;
  /** Set when it has left before its time: the queue still has it. */
  gone: boolean;
}

export interface JoinBounds {
  maxPerKey: number;
  maxPackets: number;
}

type Pair = Record<Side, Waiting[]>;

/** Entries of the queue that have left already are swept out when they are more than those that wait, and this many. */
const SWEPT_AT = 1_024;

const earlier = (a: Waiting, b: Waiting) => a.timeMs - b.timeMs || a.serial - b.serial;
const other = (side: Side): Side => (side === "left" ? "right" : "left");

/** Packets of two sides by key, each list in order of event time. */
export class JoinBuffer {
  readonly #bounds: JoinBounds;
  readonly #keys = new Map<string, Pair>();
  #queue = new TinyQueue<Waiting>([], earlier);
  /** In the order in which they came: a snapshot must not stop to sort. */
  readonly #waiting = new Set<Waiting>();
  #serial = 0;
  readonly counts: Record<Side, number> = { left: 0, right: 0 };

  constructor(bounds: JoinBounds) {
    this.#bounds = bounds;
  }

  get keys() {
    return this.#keys.size;
  }

  /** Those of the other side within `withinMs`, in order of time. */
  partners({ side, key, timeMs }: Waiting, withinMs: number): Waiting[] {
    const list = this.#keys.get(key.text)?.[other(side)] ?? [];
    return list.filter((one) => Math.abs(one.timeMs - timeMs) <= withinMs);
  }

  /** Adds one; gives back what had to make room: the same packet from before, and the oldest beyond a bound. */
  add(one: Waiting): { again: Waiting | undefined; evicted: Waiting[] } {
    const pair = this.#keys.get(one.key.text) ?? { left: [], right: [] };
    this.#keys.set(one.key.text, pair);
    const again = pair[one.side].find(
      ({ timeMs, packet }) => timeMs === one.timeMs && packet.packet_id === one.packet.packet_id,
    );
    if (again !== undefined) this.#leave(again);
    // The pair left with its last packet.
    this.#keys.set(one.key.text, pair);
    one.serial = this.#serial++;
    insert(pair[one.side], one);
    this.counts[one.side] += 1;
    this.#queue.push(one);
    this.#waiting.add(one);
    return { again, evicted: this.#makeRoom(pair[one.side]) };
  }

  /** Takes out the packets of an event time before `timeMs`, the earliest first. */
  takeBefore(timeMs: number): Waiting[] {
    const taken: Waiting[] = [];
    for (let first = this.#first(); first !== undefined && first.timeMs < timeMs; first = this.#first()) {
      this.#leave(first);
      taken.push(first);
    }
    return taken;
  }

  /** All of them in the order in which they came. */
  entries(): Iterable<Waiting> {
    return this.#waiting;
  }

  #makeRoom(list: readonly Waiting[]): Waiting[] {
    const { maxPerKey, maxPackets } = this.#bounds;
    const oldest = list.length > maxPerKey ? list[0] : undefined;
    if (oldest !== undefined) this.#leave(oldest);
    const first = this.#waiting.size > maxPackets ? this.#first() : undefined;
    if (first !== undefined) this.#leave(first);
    return [oldest, first].filter((one) => one !== undefined);
  }

  /** The one of the earliest event time that waits. */
  #first(): Waiting | undefined {
    while (this.#queue.peek()?.gone) this.#queue.pop();
    return this.#queue.peek();
  }

  #leave(one: Waiting) {
    const pair = this.#keys.get(one.key.text)!;
    pair[one.side].splice(pair[one.side].indexOf(one), 1);
    if (pair.left.length === 0 && pair.right.length === 0) this.#keys.delete(one.key.text);
    this.counts[one.side] -= 1;
    one.gone = true;
    this.#waiting.delete(one);
    if (this.#queue.length > 2 * this.#waiting.size + SWEPT_AT)
      this.#queue = new TinyQueue([...this.#waiting], earlier);
  }
}

/** Most packets come in order, so the place is near the end. */
function insert(list: Waiting[], one: Waiting) {
  let at = list.length;
  while (at > 0 && list[at - 1]!.timeMs > one.timeMs) at -= 1;
  list.splice(at, 0, one);
}
