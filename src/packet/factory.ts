import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { NO_META, type PacketFields, type StreamPacket } from "./packet.ts";

const HEX3 = Array.from({ length: 4_096 }, (_, value) => value.toString(16).padStart(3, "0"));
// Two variant bits (10) in front of 14 counter bits: RFC 9562 §5.7.
const VARIANT4 = Array.from({ length: 16_384 }, (_, value) => (0x8000 + value).toString(16));
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
  #readMs = Number.NaN;
  #idMs = -1;
  #counter = 0;
  #head = "";
  #tail = "";
  #isoMs = Number.NaN;
  #iso = "";

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** A new id. Reads the clock, so call {@link iso} right after it for the same instant. */
  next(): string {
    const nowMs = this.#clock.nowMs();
    this.#readMs = nowMs;
    if (nowMs > this.#idMs) this.#openMillisecond(nowMs);
    else if (this.#counter === COUNTER_END) this.#openMillisecond(this.#idMs + 1);
    const counter = this.#counter++;
    return this.#head + HEX3[counter >>> 14]! + "-" + VARIANT4[counter & 0x3fff]! + this.#tail;
  }

  /** The instant of the last {@link next}, ISO-8601 UTC with milliseconds. */
  iso(): string {
    if (this.#isoMs !== this.#readMs) {
      this.#isoMs = this.#readMs;
      this.#iso = new Date(this.#readMs).toISOString();
    }
    return this.#iso;
  }

  #openMillisecond(ms: number) {
    this.#idMs = ms;
    this.#counter = this.#random.uint32() >>> 7;
    const hex = Math.floor(ms).toString(16).padStart(12, "0");
    this.#head = `${hex.slice(0, 8)}-${hex.slice(8)}-7`;
    const low = this.#random.uint32().toString(16).padStart(8, "0");
    this.#tail = `-${(this.#random.uint32() & 0xffff).toString(16).padStart(4, "0")}${low}`;
  }
}

export function packetFactory(ids: IdGenerator, defaultSourceId: string): PacketFactory {
  return (fields) => {
    const id = ids.next();
    return Object.freeze({
      packet_id: fields.packet_id ?? id,
      ts: fields.ts ?? ids.iso(),
      kind: fields.kind,
      source_id: fields.source_id ?? defaultSourceId,
      payload: fields.payload,
      meta: fields.meta ?? NO_META,
    });
  };
}
