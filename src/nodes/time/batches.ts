import type { Hold } from "../../node/index.ts";
import { packetBytes, type StreamPacket } from "../../packet/index.ts";

/** Why a batch leaves. */
export type Reason = "packets" | "bytes" | "wait" | "held" | "end";

export interface Batch {
  readonly key: string;
  readonly packets: StreamPacket[];
  readonly holds: (Hold | undefined)[];
  bytes: number;
  /** When its first packet came, on the monotonic clock. */
  readonly sinceMs: number;
  reason: Reason;
}

/** The batches of all keys, in the order in which they began. */
export class Batches {
  readonly #maxPackets: number;
  readonly #maxBytes: number;
  readonly #maxHeld: number;
  readonly #open = new Map<string, Batch>();
  /** Packets in all of them. */
  held = 0;

  constructor(maxPackets: number, maxBytes: number, maxHeld: number) {
    this.#maxPackets = maxPackets;
    this.#maxBytes = maxBytes;
    this.#maxHeld = maxHeld;
  }

  get size(): number {
    return this.#open.size;
  }

  /** The one that began first. */
  get first(): Batch | undefined {
    return this.#open.values().next().value;
  }

  /** Puts a packet into the batch of its key; gives the batches that leave, which may be its own. */
  add(key: string, packet: StreamPacket, hold: Hold | undefined, nowMs: number): Batch[] {
    const bytes = packetBytes(packet);
    const gone: Batch[] = [];
    const before = this.#open.get(key);
    if (before !== undefined && before.bytes + bytes > this.#maxBytes) gone.push(this.#take(before, "bytes"));
    else if (this.held >= this.#maxHeld) gone.push(this.#take(this.first!, "held"));
    const batch = this.#open.get(key) ?? this.#begin(key, nowMs);
    batch.packets.push(packet);
    batch.holds.push(hold);
    batch.bytes += bytes;
    this.held += 1;
    if (batch.packets.length >= this.#maxPackets) gone.push(this.#take(batch, "packets"));
    else if (batch.bytes >= this.#maxBytes) gone.push(this.#take(batch, "bytes"));
    return gone;
  }

  /** Those that began up to a time. */
  takeSince(sinceMs: number, reason: Reason): Batch[] {
    const gone: Batch[] = [];
    for (const batch of this.#open.values()) {
      if (batch.sinceMs > sinceMs) break;
      gone.push(this.#take(batch, reason));
    }
    return gone;
  }

  /** The packets as they are; holds end with the checkpoint that keeps this. */
  snapshot() {
    return [...this.#open.values()].map(({ key, packets }) => ({
      key,
      packets: packets.map((packet) => ({ ...packet })),
    }));
  }

  /** Batches wait anew: the clock of another run says nothing here. */
  restore(state: unknown, nowMs: number) {
    this.#open.clear();
    this.held = 0;
    for (const { key, packets } of state as { key: string; packets: StreamPacket[] }[]) {
      const batch = this.#begin(key, nowMs);
      for (const packet of packets) {
        batch.packets.push(packet);
        batch.bytes += packetBytes(packet);
      }
      this.held += packets.length;
    }
  }

  #begin(key: string, sinceMs: number): Batch {
    const batch: Batch = { key, packets: [], holds: [], bytes: 0, sinceMs, reason: "end" };
    this.#open.set(key, batch);
    return batch;
  }

  #take(batch: Batch, reason: Reason): Batch {
    this.#open.delete(batch.key);
    this.held -= batch.packets.length;
    batch.reason = reason;
    return batch;
  }
}
