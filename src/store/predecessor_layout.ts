import type { Database } from "bun:sqlite";
import { StoreError } from "./error.ts";
import { readNumber } from "./migrate.ts";
import type { QueueRow } from "./queue.ts";

/** A row of the predecessor's table. */
export interface OldRow {
  seq: number;
  idempotency_key: string;
  packet_id: string;
  ts: string;
  kind: string;
  source_id: string;
  payload_json: string;
  meta_json: string;
}

const COLUMNS = "seq, idempotency_key, packet_id, ts, kind, source_id, payload_json, meta_json";

/** Its table; both programs make it where it is missing. */
export const LAYOUT = {
  table: `CREATE TABLE IF NOT EXISTS packets (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    enqueued_at TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    packet_id TEXT NOT NULL,
    ts TEXT NOT NULL,
    kind TEXT NOT NULL,
    source_id TEXT NOT NULL,
    payload_json TEXT NOT NULL,
    meta_json TEXT NOT NULL
  )`,
  indexes: [
    "CREATE UNIQUE INDEX IF NOT EXISTS idx_packets_idempotency_key ON packets (idempotency_key)",
    "CREATE INDEX IF NOT EXISTS idx_packets_packet_id ON packets (packet_id)",
  ],
  scan: `SELECT ${COLUMNS} FROM packets WHERE seq > ? ORDER BY seq LIMIT ?`,
} as const;

export const INSERT = `INSERT OR IGNORE INTO packets
  (enqueued_at, idempotency_key, packet_id, ts, kind, source_id, payload_json, meta_json)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;

/** The file keeps no attempts, so each is the first. */
export function rowOf({ seq, idempotency_key: key, packet_id, ts, kind, source_id, ...row }: OldRow): QueueRow {
  const { payload_json: payload, meta_json: meta } = row;
  const fields = { key, packet_id, ts, kind, source_id, payload, meta, partition: "" };
  return { seq, ...fields, attempt: 1, enqueuedMs: 0, backlog: false };
}

/** Throws when the file is our own queue: written in the other layout it would hold two queues. */
export function checkPredecessor(db: Database, file: string) {
  if (readNumber(db, "application_id") === 0) return;
  throw new StoreError(
    "QUEUE_FOREIGN",
    `cannot use ${file} in the predecessor's layout: it is a queue of schnitzel's own; leave layout out, or name another path`,
  );
}
