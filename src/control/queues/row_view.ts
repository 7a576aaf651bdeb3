import { entryCodec } from "../../store/index.ts";
import { type AnyRow, isDead } from "./row_filter.ts";

/** Characters of a payload in a list. */
const PREVIEW = 200;

export type ListedRow = ReturnType<typeof listed>;

/** A row as a list shows it: what it is and what happened to it, of the payload the beginning. */
export function listed(queue: string, row: AnyRow) {
  const { kind, source_id, ts, packet_id, payload, meta } = row;
  const bytes = Buffer.byteLength(payload) + Buffer.byteLength(meta);
  return { ...bookkeeping(queue, row), packet_id, ts, kind, source_id, bytes, payload: payload.slice(0, PREVIEW) };
}

/** A row whole, as `export` writes it and `import` reads it; a packet that cannot be read stands as its columns. */
export function whole(queue: string, row: AnyRow) {
  const stack = isDead(row) ? { stack: row.stack } : {};
  try {
    return { ...bookkeeping(queue, row), ...stack, packet: entryCodec.decode(row) };
  } catch (error) {
    const { packet_id, ts, kind, source_id, payload, meta } = row;
    const unreadable = (error as Error).message;
    return { ...bookkeeping(queue, row), ...stack, unreadable, raw: { packet_id, ts, kind, source_id, payload, meta } };
  }
}

function bookkeeping(queue: string, row: AnyRow) {
  const { seq, key, partition, enqueuedMs } = row;
  const crc: "ok" | "wrong" = row.damaged ? "wrong" : "ok";
  const own = { queue, dead: isDead(row), seq, key, partition, crc, enqueued_at: isoTime(enqueuedMs) };
  if (!isDead(row)) return { ...own, attempts: row.attempt };
  const { node, port, error, attempts, firstFailedMs, lastFailedMs } = row;
  const failed = { first_failed_at: isoTime(firstFailedMs), last_failed_at: isoTime(lastFailedMs) };
  return { ...own, attempts, node, port, error, ...failed };
}

/** A number in a damaged row need not be a time. */
export function isoTime(ms: number): string | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
