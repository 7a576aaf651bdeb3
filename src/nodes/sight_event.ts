import * as v from "valibot";
import type { NodeContext } from "../node/index.ts";
import type { StreamPacket } from "../packet/index.ts";
import { type Box, CORNERS, eventId, eventKey, SEVERITIES, type ZoneVerdict } from "./event_protocol.ts";

const text = v.pipe(v.string(), v.minLength(1));

/** Config of nodes that say what they see as Protocol v0.2 events. */
export const EVENT_ENTRIES = {
  site_id: v.pipe(v.optional(text, "S000"), v.description("Site the events belong to; part of their ids.")),
  camera_id: v.pipe(
    v.optional(text),
    v.description("Camera the events come from; the packet's `source_id` when left out."),
  ),
  severity: v.pipe(v.optional(v.picklist(SEVERITIES), "LOW"), v.description("How bad the events are.")),
};

export interface EventOptions {
  site_id: string;
  camera_id?: string | undefined;
  severity: string;
}

/** Something a node saw happen. */
export interface Sight {
  event_type: string;
  className: string;
  track_id: number | string | null;
  bbox: Box | null;
  confidence: number;
  zone?: ZoneVerdict;
  /** Tells this sight from others of the same object, type and time; end of its key. */
  which: string;
  /** Fields beyond the protocol's. */
  more: Record<string, unknown>;
}

/**
 * The event of a sight: the fields of `event_v02` in their order, and then those beyond. Its key has the form of
 * `event_v02`'s with `which` behind it; `event_id` follows from the key.
 */
export function sightEvent(sight: Sight, packet: StreamPacket, options: EventOptions, context: NodeContext) {
  const { site_id, camera_id = packet.source_id, severity } = options;
  const { event_type, className, track_id, bbox, confidence, zone = NOWHERE, which, more } = sight;
  const object_type = objectType(className);
  const { ts, packet_id } = packet;
  const box = bbox === null ? null : rounded(bbox);
  const facts = { event_type, object_type, track_id, bbox: box ?? {} };
  const key = `${eventKey(site_id, ts, facts, camera_id)}:${which}`;
  return context.packet({
    kind: "event",
    ts,
    source_id: camera_id,
    meta: { ...packet.meta, idempotency_key: key, source_packet_id: packet_id },
    payload: {
      event_id: eventId(key),
      ts,
      site_id,
      camera_id,
      event_type,
      object_type,
      severity,
      track_id,
      bbox: box,
      confidence,
      zone,
      snapshot_path: null,
      sensor: null,
      ...more,
    },
  });
}

const NOWHERE: ZoneVerdict = Object.freeze({ zone_id: "", inside: false });

/** `traffic light` is TRAFFIC_LIGHT, as the protocol spells its types. */
export const objectType = (className: string): string =>
  className.toUpperCase().replace(/[^\p{L}\p{N}]+/gu, "_") || "OBJECT";

/**
 * Whole pixels, as the predecessor's detector gave them (half to even): the last digits of a coordinate depend on
 * the processor, and an event's id must not.
 */
export const rounded = (box: Box): Box =>
  Object.fromEntries(CORNERS.map((corner) => [corner, roundHalfEven(box[corner])])) as unknown as Box;

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0);
  // Adding 0 turns -0 into 0, which prints otherwise in a key.
  return floor + (up ? 1 : 0) + 0;
}
