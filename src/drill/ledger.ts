import { keyOf, nameIn, type PacketName } from "./packet_key.ts";

/** What became of the packets of one fault. */
export interface Account {
  /** Different packets that were posted at least once. */
  readonly posted: number;
  /** Got a 202: these must never be lost. */
  readonly acknowledged: number;
  /** Different packets that reached the backend, acknowledged or not. */
  readonly delivered: number;
  /** Deliveries beyond the first of a packet. At-least-once allows them; an idempotent backend ignores them. */
  readonly duplicated: number;
  /** Acknowledged, not delivered, and still in a queue file. */
  readonly waiting: number;
  /** Acknowledged, not delivered, and a dead letter. */
  readonly dead: number;
  /** Acknowledged and nowhere. */
  readonly lost: number;
  /** First deliveries that came after one of a later packet of the same partition. */
  readonly outOfOrder: number;
  /** Deliveries whose bytes are not those that were sent, or of a packet that was never sent. */
  readonly corrupted: number;
  /** The first of the lost, by key. */
  readonly lostKeys: readonly string[];
}

/** Enough to find them in a log; a report must not grow with the damage. */
const NAMED = 20;

interface Partition {
  /** A byte per number: {@link ACKNOWLEDGED}, and how often it was delivered, at most {@link MOST}. */
  packets: Uint8Array;
  posted: number;
  /** Highest number delivered so far; -1 before the first. */
  highest: number;
}

const ACKNOWLEDGED = 0x80;
/** Whether a packet came at all is what counts; repetitions are summed elsewhere. */
const MOST = 0x7f;

/**
 * What was acknowledged and what was delivered, kept by the process that suffers no fault, in its memory.
 *
 * Packets of a partition are numbered without gap, so a packet is a byte: a day at 1,000 a second is 86 MB.
 */
export class Ledger {
  readonly #run: string;
  readonly #partitions = new Map<number, Partition>();
  acknowledged = 0;
  delivered = 0;
  /** Acknowledged and not delivered so far: the backlog, unless they are lost. */
  missing = 0;
  #duplicated = 0;
  #outOfOrder = 0;
  #corrupted = 0;

  constructor(run: string) {
    this.#run = run;
  }

  /** Before the first try to post it. */
  post(name: PacketName) {
    const partition = this.#partition(name.partition);
    partition.posted = Math.max(partition.posted, name.number + 1);
    if (partition.posted <= partition.packets.length) return;
    const grown = new Uint8Array(2 * partition.posted);
    grown.set(partition.packets);
    partition.packets = grown;
  }

  acknowledge(name: PacketName) {
    const { packets } = this.#partition(name.partition);
    const before = packets[name.number]!;
    if (before >= ACKNOWLEDGED) return;
    packets[name.number] = before | ACKNOWLEDGED;
    this.acknowledged += 1;
    // A delivery can overtake the answer to the post.
    if (before === 0) this.missing += 1;
  }

  /** A delivery with this key; `intact`: its bytes are those that were sent. True when it is this packet's first. */
  deliver(key: string, intact: boolean): boolean {
    const name = nameIn(this.#run, key);
    const partition = name === undefined ? undefined : this.#partitions.get(name.partition);
    if (name === undefined || partition === undefined || name.number >= partition.posted) {
      this.#corrupted += 1;
      return false;
    }
    if (!intact) this.#corrupted += 1;
    return this.#count(partition, name.number);
  }

  #count(partition: Partition, number: number): boolean {
    const packet = partition.packets[number]!;
    if ((packet & MOST) < MOST) partition.packets[number] = packet + 1;
    if ((packet & MOST) > 0) {
      this.#duplicated += 1;
      return false;
    }
    this.delivered += 1;
    if (packet >= ACKNOWLEDGED) this.missing -= 1;
    if (number < partition.highest) this.#outOfOrder += 1;
    partition.highest = Math.max(partition.highest, number);
    return true;
  }

  /** Keys of the `missing`, by partition and number. */
  *missingKeys(): Generator<string> {
    for (const [partition, { packets }] of this.#partitions) {
      for (const [number, packet] of packets.entries()) {
        if (packet === ACKNOWLEDGED) yield keyOf(this.#run, { partition, number });
      }
    }
  }

  /** The books at the end; `kept` tells of what the stopped graph's files still hold. */
  account(kept: { waiting: ReadonlySet<string>; dead: ReadonlySet<string> }): Account {
    const missing = [...this.missingKeys()];
    const dead = missing.filter((key) => kept.dead.has(key));
    const waiting = missing.filter((key) => !kept.dead.has(key) && kept.waiting.has(key));
    const lost = missing.filter((key) => !kept.dead.has(key) && !kept.waiting.has(key));
    return {
      posted: [...this.#partitions.values()].reduce((sum, { posted }) => sum + posted, 0),
      acknowledged: this.acknowledged,
      delivered: this.delivered,
      duplicated: this.#duplicated,
      waiting: waiting.length,
      dead: dead.length,
      lost: lost.length,
      outOfOrder: this.#outOfOrder,
      corrupted: this.#corrupted,
      lostKeys: lost.slice(0, NAMED),
    };
  }

  #partition(at: number): Partition {
    const known = this.#partitions.get(at);
    if (known !== undefined) return known;
    const made: Partition = { packets: new Uint8Array(64), posted: 0, highest: -1 };
    this.#partitions.set(at, made);
    return made;
  }
}
