import { pythonText } from "./numbers.ts";

/** Protocol v0.2 severities, least first. */
export const SEVERITIES = ["INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL"] as const;

export const CORNERS = ["x1", "y1", "x2", "y2"] as const;

/** Pixels from the top left. */
export interface Box {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** Where an event says its object is; no zone means `{ zone_id: "", inside: false }`. */
export interface ZoneVerdict {
  zone_id: string;
  inside: boolean;
}

/** uuid5(DNS namespace, "schnitzel_stream:event_protocol_v0.2"): c5b2d7c1-3170-585c-90de-e92b07e756de. */
const NAMESPACE = Buffer.from("c5b2d7c13170585c90dee92b07e756de", "hex");

/** RFC 9562 §5.5: version 5 from SHA-1 over the protocol's namespace and the key as UTF-8. */
export function eventId(idempotencyKey: string): string {
  const hash = new Bun.CryptoHasher("sha1").update(NAMESPACE).update(idempotencyKey, "utf8").digest();
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString("hex", 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/**
 * `event:site:camera:event_type:object_type:track|na:ts:x1:y1:x2:y2`, each value as Python prints it, so whole
 * floats keep their `.0`. Throws when a value is a list or a map.
 */
export function eventKey(site: string, ts: string, detection: Record<string, unknown>, camera: string): string {
  const { event_type, object_type, track_id, bbox } = detection;
  const box = bbox as Record<string, unknown>;
  const parts = [event_type, object_type, track_id ?? "na", ts, ...CORNERS.map((corner) => box[corner])];
  return `event:${site}:${camera}:${parts.map(keyPart).join(":")}`;
}

function keyPart(value: unknown): string {
  const text = pythonText(value);
  if (text !== undefined) return text;
  throw new TypeError(`cannot build an event key: a part must be text, a number or null, got ${JSON.stringify(value)}`);
}

export const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
