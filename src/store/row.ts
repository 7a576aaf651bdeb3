import type { QueueEntry } from "./entry.ts";

/** A row of `packets` as SQLite gives it. */
export interface StoredRow extends QueueEntry {
  seq: number;
  enqueued_ms: number;
  crc: number;
  attempts: number;
  lease_until_ms: number | null;
}

/** Its columns, for a SELECT. */
export const ROW =
  "seq, key, enqueued_ms, packet_id, ts, kind, source_id, payload, meta, crc, attempts, lease_until_ms";

/** CRC-32 of what a row carries: SQLite checks the structure of its pages, never the bytes in them. */
export function checksum({ key, packet_id, ts, kind, source_id, payload, meta }: QueueEntry): number {
  return Bun.hash.crc32([key, packet_id, ts, kind, source_id, payload, meta].join("\0"));
}
