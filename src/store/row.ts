import type { QueueEntry } from "./entry.ts";

/** A row of `packets` as SQLite gives it, with what `tries` says of it. */
export interface StoredRow extends QueueEntry {
  seq: number;
  enqueued_ms: number;
  crc: number;
  /** 0: it was not tried, or not counted. */
  attempts: number;
  not_before_ms: number;
  suspect: number;
}

/** The columns of a row and its tries, for `SELECT … FROM packets AS p LEFT JOIN tries AS t USING (seq)`. */
export const ROW = `p.seq, p.key, p.enqueued_ms, p.packet_id, p.ts, p.kind, p.source_id, p.payload, p.meta, p.partition,
  p.crc, coalesce(t.attempts, 0) AS attempts, coalesce(t.not_before_ms, 0) AS not_before_ms,
  coalesce(t.suspect, 0) AS suspect`;

/** Bytes of payload and meta, for SQL. `length` of a text counts characters. */
export const BYTES = "length(CAST(payload AS BLOB)) + length(CAST(meta AS BLOB))";

/** As {@link BYTES}. */
export const bytesOf = ({ payload, meta }: Pick<QueueEntry, "payload" | "meta">) =>
  Buffer.byteLength(payload) + Buffer.byteLength(meta);

/**
 * CRC-32 of what a row carries: SQLite checks the structure of its pages, never the bytes in them. A partition counts
 * only where there is one, so rows from before there were any keep theirs.
 */
export function checksum({ key, packet_id, ts, kind, source_id, payload, meta, partition }: QueueEntry): number {
  const text = `${key}\0${packet_id}\0${ts}\0${kind}\0${source_id}\0${payload}\0${meta}`;
  return Bun.hash.crc32(partition === "" ? text : `${text}\0${partition}`);
}
