import type { StreamPacket } from "./packet.ts";

/** Bytes of bookkeeping a packet costs besides its payload: six fields, id and time text. */
const OVERHEAD_BYTES = 256;
/** Depth to which a payload is walked; deeper values count as one pointer. Bounds the cost per packet. */
const MAX_DEPTH = 4;
/** Items of one list or map that are looked at; the rest is extrapolated from them. */
const MAX_ITEMS = 64;

let lastPacket: StreamPacket | undefined;
let lastBytes = 0;

/**
 * Estimated memory of a packet in bytes: exact for binary data and text, shallow for the rest.
 *
 * The answer for the last packet is kept, because a packet is asked about once per edge it crosses.
 */
export function packetBytes(packet: StreamPacket): number {
  if (packet === lastPacket) return lastBytes;
  lastPacket = packet;
  lastBytes = OVERHEAD_BYTES;
  try {
    lastBytes += valueBytes(packet.payload, 0) + valueBytes(packet.meta, 0);
  } catch {
    // A getter or a proxy threw: whoever reads the payload hears of it, and is the one to blame.
  }
  return lastBytes;
}

function valueBytes(value: unknown, depth: number): number {
  if (typeof value === "string") return 16 + value.length * 2;
  if (typeof value !== "object" || value === null) return 8;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return value.byteLength;
  if (depth === MAX_DEPTH) return 8;
  return Array.isArray(value) ? listBytes(value, depth) : mapBytes(value as Record<string, unknown>, depth);
}

function listBytes(list: readonly unknown[], depth: number): number {
  const seen = Math.min(list.length, MAX_ITEMS);
  let bytes = 16;
  for (let at = 0; at < seen; at++) bytes += valueBytes(list[at], depth + 1);
  return seen === list.length ? bytes : Math.ceil((bytes * list.length) / seen);
}

function mapBytes(map: Record<string, unknown>, depth: number): number {
  let bytes = 32;
  let seen = 0;
  for (const key in map) {
    bytes += 8 + valueBytes(map[key], depth + 1);
    if (++seen === MAX_ITEMS) return Math.ceil((bytes * Object.keys(map).length) / MAX_ITEMS);
  }
  return bytes;
}
