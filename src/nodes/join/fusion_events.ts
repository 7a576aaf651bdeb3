import type { PacketFields, StreamPacket } from "../../packet/index.ts";
import { idempotencyKey } from "../../packet/index.ts";
import { eventId, isMap } from "../event_protocol.ts";
import type { FusionConfig } from "./fusion_config.ts";
import { STRATEGIES } from "./fusion_match.ts";
import { type Reading, type SensorValue, sensorValue } from "./sensor_reading.ts";
import type { Answer } from "./sensors.ts";

/** What an answer adds to the payload of an event; undefined when there was nothing to add. */
export function attachment({ found, best }: Answer, { attach }: FusionConfig): Record<string, unknown> | undefined {
  if (best === undefined) return undefined;
  return attach === "best" ? { sensor: best } : { sensors: Object.fromEntries(found) };
}

/** True when it lacks a reading that somebody expects: of a sensor that is named, or of any. */
export function isPartial({ isHit, stale, missing }: Answer, { sensors }: FusionConfig): boolean {
  return !isHit || missing.length > 0 || stale.some((id) => sensors.includes(id));
}

/** The event again, as a fact of its own: same event, same id. */
export function fusedEvent(
  packet: StreamPacket,
  added: Record<string, unknown>,
  config: FusionConfig,
  windowMs: number,
): PacketFields {
  const payload = packet.payload as Record<string, unknown>;
  const key = `fused:${idempotencyKey(packet)}`;
  const fusion = {
    source_event_id: payload.event_id ?? null,
    source_event_type: payload.event_type ?? null,
    time_window_ms: windowMs,
    strategy: STRATEGIES[config.mode],
  };
  return {
    kind: packet.kind,
    ts: packet.ts,
    source_id: packet.source_id,
    payload: { ...payload, ...added, event_id: eventId(key), event_type: "FUSED_EVENT", fusion },
    meta: { ...packet.meta, idempotency_key: key },
  };
}

/** A reading as an event of protocol v0.2. */
export function sensorEvent(
  packet: StreamPacket,
  reading: Reading,
  { site_id, camera_id }: FusionConfig,
): PacketFields {
  const key = `sensor:${reading.sensorId}:${idempotencyKey(packet)}`;
  return {
    kind: "event",
    ts: reading.ts,
    source_id: packet.source_id,
    payload: {
      event_id: eventId(key),
      ts: reading.ts,
      site_id: site_id ?? null,
      camera_id: camera_id ?? null,
      event_type: "SENSOR_EVENT",
      object_type: "SENSOR",
      severity: "LOW",
      track_id: null,
      bbox: null,
      confidence: 1,
      zone: { zone_id: "", inside: false },
      snapshot_path: null,
      sensor: sensorValue(reading),
    },
    meta: { ...packet.meta, idempotency_key: key },
  };
}

/** What an event says of a sensor already is never overwritten; null says nothing. */
export function hasSensor(payload: unknown, attach: FusionConfig["attach"]): boolean {
  const name = attach === "best" ? "sensor" : "sensors";
  return isMap(payload) && (payload[name] as SensorValue | null | undefined) != null;
}
