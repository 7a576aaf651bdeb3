import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { NO_META, Packet, type PacketFields, type StreamPacket, seal } from "./packet.ts";

/** `00` to `ff`. A plain loop: 256 calls of a function would have it compiled at every start of the program. */
const HEX2: string[] = [];
for (let value = 0x100; value < 0x200; value++) HEX2.push(value.toString(16).slice(1));

const COUNTER_BITS = 26;
const COUNTER_END = 2 ** COUNTER_BITS;

/** Makes packets for one node: fills in id, time and source. */
export type PacketFactory = <Payload>(fields: PacketFields<Payload>) => StreamPacket<Payload>;

/**
 * UUIDv7 and its ISO-8601 time for one run.
 *
 * Ids rise strictly: 26 bits behind the millisecond are a counter (RFC 9562 §6.2 method 1) that
 * starts at a random value below 2^25, the last 48 bits are random and fixed for a millisecond.
 * A counter that overflows borrows the next millisecond, and a clock that steps back is held.
 */
export class IdGenerator {
  readonly #clock: Clock;
  readonly #random: Random;
  #pinnedMs: number | undefined;
  #idMs = -1;
  #counter = 0;
  #time = "";
  #head = "";
  #tail = "";
  #isoMs = Number.NaN;
  #iso = "";

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * Holds the clock at `nowMs` until the next call, undefined lets it go. The engine pins the time during a
   * turn and renews it every few microseconds, because reading the clock costs more than making a packet.
   */
  pin(nowMs: number | undefined) {
    this.#pinnedMs = nowMs;
  }

  /** Wall clock in milliseconds, as pinned. */
  nowMs(): number {
    return this.#pinnedMs ?? this.#clock.nowMs();
  }

  /** A new id for the instant `nowMs`. */
  next(nowMs: number): string {
    if (nowMs > this.#idMs) this.#openMillisecond(nowMs);
    else if (this.#counter === COUNTER_END) this.#openMillisecond(this.#idMs + 1);
    else if ((this.#counter & 0xff) === 0) this.#openGroup();
    // One rope of three parts; with + it would be two.
    return `${this.#head}${HEX2[this.#counter++ & 0xff]!}${this.#tail}`;
  }

  /** The instant `nowMs` as ISO-8601 UTC with milliseconds. */
  iso(nowMs: number): string {
    if (this.#isoMs !== nowMs) {
      this.#isoMs = nowMs;
      this.#iso = new Date(nowMs).toISOString();
    }
    return this.#iso;
  }

  /** The text in front of the low 8 counter bits, kept for 256 ids: 12 bits, the variant (10), 6 bits. */
  #openGroup() {
    const upper = (this.#counter >>> 14).toString(16).padStart(3, "0");
    const middle = (0x80 | ((this.#counter >>> 8) & 0x3f)).toString(16);
    this.#head = `${this.#time}${upper}-${middle}`;
  }

  #openMillisecond(ms: number) {
    this.#idMs = ms;
    this.#counter = this.#random.uint32() >>> 7;
    const hex = Math.floor(ms).toString(16).padStart(12, "0");
    this.#time = `${hex.slice(0, 8)}-${hex.slice(8)}-7`;
    this.#openGroup();
    const low = this.#random.uint32().toString(16).padStart(8, "0");
    this.#tail = `-${(this.#random.uint32() & 0xffff).toString(16).padStart(4, "0")}${low}`;
  }
}

/**
 * A factory whose packets come from `defaultSourceId` unless they say otherwise.
 *
 * With `freeze`, writing to a packet throws, and so does a field of a wrong type. Freezing costs as much as making
 * the packet, so the engine asks for it when a graph has plugins; the built-in nodes are tested with frozen packets.
 */
export function packetFactory(
  ids: IdGenerator,
  defaultSourceId: string,
  freeze: boolean | { readonly freeze: boolean } = true,
): PacketFactory {
  const sealing = typeof freeze === "boolean" ? { freeze } : freeze;
  const make: PacketFactory = (fields) => {
    const nowMs = ids.nowMs();
    return new Packet(
      fields.packet_id ?? ids.next(nowMs),
      fields.ts ?? ids.iso(nowMs),
      fields.kind,
      fields.source_id ?? defaultSourceId,
      fields.payload,
      fields.meta ?? NO_META,
    );
  };
  // Asked for each: a reload may bring the first plugin.
  return (fields) => (sealing.freeze ? seal(make(fields)) : make(fields));
}
