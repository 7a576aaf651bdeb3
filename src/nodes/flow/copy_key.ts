import { idempotencyKey, type Meta, type StreamPacket } from "../../packet/index.ts";

/**
 * Meta of a packet that was made of another: its key is the other's with the maker and a number behind it, so that the
 * same packet coming again gives the same keys, and two of its parts are two facts.
 */
export function derivedMeta(packet: StreamPacket, nodeId: string, part: string | number, more: Meta = {}): Meta {
  return { ...packet.meta, ...more, idempotency_key: `${idempotencyKey(packet)}/${nodeId}/${part}` };
}
