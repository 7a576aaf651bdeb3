/** Small, loggable JSON about a packet. No secrets. */
export type Meta = Readonly<Record<string, unknown>>;

/**
 * The only thing nodes exchange: contract v1, six fields, frozen.
 *
 * `ts` is event time in ISO-8601 as the producer wrote it (it is part of event ids, so it is never rewritten).
 */
export interface StreamPacket<Payload = unknown> {
  /** UUIDv7 when made here; any non-empty string when it came from outside. */
  readonly packet_id: string;
  readonly ts: string;
  /** Meaning of the payload: `frame`, `detection`, `event`, `sensor`, `raw` … */
  readonly kind: string;
  /** The stream it comes from, such as a camera or a sensor. */
  readonly source_id: string;
  readonly payload: Payload;
  readonly meta: Meta;
}

/** What a node says about a packet it makes; the rest is filled in. */
export interface PacketFields<Payload = unknown> {
  kind: string;
  payload: Payload;
  packet_id?: string;
  ts?: string;
  source_id?: string;
  meta?: Meta;
}

export const NO_META: Meta = Object.freeze({});

/** How the runtime makes packets: six own fields, always in this order. The factory freezes them where plugins could write to them. */
export class Packet<Payload = unknown> implements StreamPacket<Payload> {
  readonly packet_id: string;
  readonly ts: string;
  readonly kind: string;
  readonly source_id: string;
  readonly payload: Payload;
  readonly meta: Meta;

  constructor(packet_id: string, ts: string, kind: string, source_id: string, payload: Payload, meta: Meta) {
    this.packet_id = packet_id;
    this.ts = ts;
    this.kind = kind;
    this.source_id = source_id;
    this.payload = payload;
    this.meta = meta;
  }
}

const FIELDS = ["packet_id", "ts", "kind", "source_id"] as const;

/** True when `value` has all six fields with the right types. Extra fields are not looked for. */
export function isPacket(value: unknown): value is StreamPacket {
  return value instanceof Packet || looksLikePacket(value);
}

function looksLikePacket(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const packet = value as StreamPacket;
  try {
    return (
      FIELDS.every((name) => typeof packet[name] === "string") &&
      typeof packet.meta === "object" &&
      packet.meta !== null &&
      "payload" in packet
    );
  } catch {
    return false;
  }
}

/** Says what keeps `value` from being a packet, for an error message. */
export function whyNotPacket(value: unknown): string {
  if (value === null || typeof value !== "object") {
    return `expected a packet object, got ${value === null ? "null" : typeof value}`;
  }
  const fields = value as Record<string, unknown>;
  try {
    for (const name of FIELDS) {
      if (typeof fields[name] !== "string") return `field "${name}" must be a string, got ${typeof fields[name]}`;
    }
    if (!("payload" in fields)) return `field "payload" is missing`;
  } catch {
    return "reading its fields throws";
  }
  return `field "meta" must be a map`;
}

/** A copy of `packet` with some fields replaced; keeps `packet_id` unless it is given. */
export function replace<Payload>(
  packet: StreamPacket,
  fields: Partial<PacketFields<Payload>> & { payload: Payload },
): StreamPacket<Payload>;
export function replace(packet: StreamPacket, fields: Partial<PacketFields>): StreamPacket;
export function replace(packet: StreamPacket, fields: Partial<PacketFields>): StreamPacket {
  const made = new Packet(
    fields.packet_id ?? packet.packet_id,
    fields.ts ?? packet.ts,
    fields.kind ?? packet.kind,
    fields.source_id ?? packet.source_id,
    "payload" in fields ? fields.payload : packet.payload,
    fields.meta ?? packet.meta,
  );
  return Object.isFrozen(packet) ? seal(made) : made;
}

/** Freezes a packet that a plugin made. Plugins are not always type-checked, so it throws when a field is wrong. */
export function seal<Payload>(made: Packet<Payload>): StreamPacket<Payload> {
  if (!looksLikePacket(made)) throw new TypeError(`cannot make a packet: ${whyNotPacket(made)}`);
  return Object.freeze(made);
}

/** Same fact, same key: `meta.idempotency_key`, else the packet's id. */
export function idempotencyKey(packet: StreamPacket): string {
  const key = packet.meta.idempotency_key;
  return typeof key === "string" ? key : packet.packet_id;
}
