import type { StreamPacket } from "../../packet/index.ts";

/** The row a packet is, as `meta.durable` carries it. */
export interface RowMeta {
  /** The file as the graph names it. */
  path: string;
  seq: number;
  /** Names the lease; the predecessor's files have none. */
  attempt?: number;
  node_id: string;
}

/** The packet's fields with its row in `meta`. */
export function withRow({ packet_id, ts, kind, source_id, payload, meta }: StreamPacket, key: string, row: RowMeta) {
  const { path, seq, attempt, node_id } = row;
  const durable = { queue: "sqlite", path, seq, ...(attempt === undefined ? {} : { attempt }), node_id };
  return { packet_id, ts, kind, source_id, payload, meta: { ...meta, [key]: durable } };
}

/** What stands under `key` in the packet's meta, if that is a map. */
export function rowMeta({ meta }: StreamPacket, key: string): Partial<Record<keyof RowMeta, unknown>> | undefined {
  const value = meta[key];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}
