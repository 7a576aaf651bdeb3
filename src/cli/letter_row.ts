import { toError } from "../base/to_error.ts";
import type { DeadLetter } from "../observe/index.ts";
import { idempotencyKey, Packet, type StreamPacket } from "../packet/index.ts";
import { type DeadEntry, entryCodec, MAX_KEY_BYTES, type QueueEntry } from "../store/index.ts";

/** Characters of a name, or of a reason, that tell what it was. */
const SHOWN = 256;
const MAX_REASON = 1_024;

/**
 * A letter as a row: its partition is the input it can be replayed into, its key the packet at that input. It never
 * throws, whatever the packet is: a letter that cannot be kept whole is kept in part and says what is missing.
 */
export function letterRow(letter: DeadLetter): DeadEntry {
  const { node_id: node, port = "", reason: error, stack = "", attempts, first_at, at } = letter;
  const [firstFailedMs, lastFailedMs] = [Date.parse(first_at), Date.parse(at)];
  const partition = `${node}.${port}`;
  const row = rowOf(packetOf(letter), partition);
  return { ...row, key: keyOf(row, partition), node, port, error, stack, attempts, firstFailedMs, lastFailedMs };
}

/** A record that a source rejected never was a packet; as one it can be shown like the others. */
function packetOf({ packet, record, node_id, at }: DeadLetter): StreamPacket {
  return packet ?? new Packet(crypto.randomUUID(), at, "record", node_id, record, {});
}

function rowOf(packet: StreamPacket, partition: string): QueueEntry {
  try {
    return entryCodec.encode(packet, partition);
  } catch (error) {
    return partOf(packet, partition, toError(error).message.slice(0, MAX_REASON));
  }
}

/** With its names shortened the payload can mostly be kept; what JSON cannot hold, and what is too large, is named. */
function partOf(packet: StreamPacket, partition: string, not_kept: string): QueueEntry {
  const packet_id = shortId(packet.packet_id);
  const [ts, kind, source_id] = [shortName(packet.ts), shortName(packet.kind), shortName(packet.source_id)];
  try {
    const key = idempotencyKey(packet);
    const idempotency_key = key === "" || key === packet.packet_id ? packet_id : shortId(key);
    const meta = { ...packet.meta, idempotency_key, not_kept };
    return entryCodec.encode(new Packet(packet_id, ts, kind, source_id, packet.payload, meta), partition);
  } catch (error) {
    const why = { not_kept: toError(error).message.slice(0, MAX_REASON) };
    return entryCodec.encode(new Packet(packet_id, ts, kind, source_id, why, {}), partition);
  }
}

/** Two packets may have one id, and one packet two keys: where they differ the letter's key has both. */
function keyOf({ key, packet_id }: QueueEntry, partition: string): string {
  const both = key === packet_id ? key : `${key}/${packet_id}`;
  const whole = `${both}@${partition}`;
  return Buffer.byteLength(whole) <= MAX_KEY_BYTES ? whole : `${hashed(both)}@${partition}`;
}

/** The same id gives the same short one, and another id another. */
function shortId(id: string): string {
  if (id === "") return crypto.randomUUID();
  return Buffer.byteLength(id) <= MAX_KEY_BYTES ? id : hashed(id);
}

const shortName = (name: string) => (name.length <= MAX_KEY_BYTES ? name : `${name.slice(0, SHOWN)}…`);

const hashed = (text: string) => `sha256:${new Bun.CryptoHasher("sha256").update(text).digest("hex")}`;
