import { checkPortable, idempotencyKey, parsePythonJson, pythonJson, type StreamPacket } from "../packet/index.ts";
import { StoreError } from "./error.ts";

/** A packet as a row holds it: payload and meta are JSON text. */
export interface QueueEntry {
  /** Idempotency key; unique in a queue. */
  readonly key: string;
  readonly packet_id: string;
  readonly ts: string;
  readonly kind: string;
  readonly source_id: string;
  readonly payload: string;
  readonly meta: string;
  /** In an ordered queue rows of one partition come one after the other; "" where no order is asked for. */
  readonly partition: string;
}

/** The six fields of a packet that was read back. */
export type EntryFields = StreamPacket;

/** How entries are written: ours, or the predecessor's columns byte for byte. */
export interface EntryCodec {
  /** Throws for what JSON cannot hold, and for a key or a row beyond its bound. */
  encode(packet: StreamPacket, partition?: string): QueueEntry;
  decode(entry: QueueEntry): EntryFields;
}

/** A key is indexed and remembered after the ack; a longer one is a payload by mistake. */
export const MAX_KEY_BYTES = 1_024;
/** A row is held in memory several times while it is written; larger bytes belong in a file, with a reference. */
export const MAX_ENTRY_BYTES = 16 * 1024 * 1024;
/** Characters of a packet_id in a message. */
const SHOWN = 100;

/** Compact JSON. */
export const entryCodec: EntryCodec = {
  encode(packet, partition = "") {
    checkPortable(packet.payload, "payload");
    checkPortable(packet.meta, "meta");
    const entry = fields(packet, partition, JSON.stringify(packet.payload ?? null), JSON.stringify(packet.meta));
    const keyBytes = bytesAbove(MAX_KEY_BYTES, entry.key);
    if (keyBytes > MAX_KEY_BYTES) {
      throw refused(packet, `its idempotency key must be at most ${MAX_KEY_BYTES} bytes, this one has ${keyBytes}`);
    }
    const bytes = bytesAbove(MAX_ENTRY_BYTES, entry.payload, entry.meta);
    if (bytes > MAX_ENTRY_BYTES) {
      throw refused(packet, `payload and meta must be at most ${MAX_ENTRY_BYTES} bytes, these are ${bytes}`);
    }
    return entry;
  },
  decode: (entry) => ({ ...plain(entry), payload: JSON.parse(entry.payload), meta: JSON.parse(entry.meta) }),
};

/** UTF-8 bytes of both texts; 0 when they cannot have more than `bound`, as counting costs and few are near it. */
export function bytesAbove(bound: number, one: string, other = ""): number {
  // A UTF-16 unit has at most three bytes in UTF-8.
  const most = (one.length + other.length) * 3;
  return most <= bound ? 0 : Buffer.byteLength(one) + Buffer.byteLength(other);
}

const PYTHON = { compact: true, ensureAscii: true } as const;

/** The predecessor's columns: compact separators, ASCII only, whole floats keep `.0`, NaN and Infinity stand bare. */
export const predecessorCodec: EntryCodec = {
  encode(packet, partition = "") {
    checkPortable(packet.payload, "payload", { bareNumbers: true });
    checkPortable(packet.meta, "meta", { bareNumbers: true });
    return fields(packet, partition, pythonJson(packet.payload ?? null, PYTHON), pythonJson(packet.meta, PYTHON));
  },
  decode(entry) {
    const meta = parsePythonJson(entry.meta);
    return { ...plain(entry), payload: parsePythonJson(entry.payload), meta: meta as StreamPacket["meta"] };
  },
};

function fields(packet: StreamPacket, partition: string, payload: string, meta: string): QueueEntry {
  const { packet_id, ts, kind, source_id } = packet;
  const key = idempotencyKey(packet);
  if (key === "") throw refused(packet, "its idempotency key is empty; leave meta.idempotency_key out or fill it");
  return { key, packet_id, ts, kind, source_id, payload, meta, partition };
}

const plain = ({ packet_id, ts, kind, source_id }: QueueEntry) => ({ packet_id, ts, kind, source_id });

function refused({ packet_id }: StreamPacket, reason: string): StoreError {
  const shown = packet_id.length > SHOWN ? `${packet_id.slice(0, SHOWN)}…` : packet_id;
  return new StoreError("QUEUE_ENTRY", `cannot enqueue packet ${shown}: ${reason}`);
}
