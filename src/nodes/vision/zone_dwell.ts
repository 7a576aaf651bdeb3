import * as v from "valibot";
import { defineNode, type NodeContext, port } from "../../node/index.ts";
import { eventTimeMs, type StreamPacket } from "../../packet/index.ts";
import { sightEvent } from "../sight_event.ts";
import { anchorOf, type Box, DetectionReader, type Seen } from "./detections.ts";
import { contains } from "./geometry.ts";
import { type TrackId, TrackMemory } from "./track_memory.ts";
import { NO_TRACKER, unitPixels, WATCH_ENTRIES, Watched } from "./watch_config.ts";
import { openZones, ZONE_ENTRIES, zoneFileRead, zoneListIssues } from "./zone_list.ts";
import { ZoneReach } from "./zone_reach.ts";
import { endStays, type Stay, type StayChange, type StayRules, type Stays, updateStays } from "./zone_stay.ts";
import type { Zone } from "./zones.ts";

const text = v.pipe(v.string(), v.minLength(1));
const WHATS = ["enter", "dwell", "leave"] as const;

const config = v.strictObject({
  ...ZONE_ENTRIES,
  dwell_sec: v.pipe(
    v.optional(v.array(v.pipe(v.number(), v.gtValue(0))), [10]),
    v.description("Times in a zone after which it is said that the object is still there, once each."),
  ),
  settle_sec: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0)), 0.5),
    v.description("How long an object must be in, or out, before that counts: a box that sways on a border does not."),
  ),
  emit: v.pipe(
    v.optional(v.pipe(v.array(v.picklist(WHATS)), v.minLength(1)), [...WHATS]),
    v.description("What is said."),
  ),
  event_types: v.pipe(
    v.optional(
      v.strictObject({
        enter: v.pipe(v.optional(text, "ZONE_ENTERED"), v.description("Type of the event of an entry.")),
        dwell: v.pipe(v.optional(text, "ZONE_DWELL"), v.description("Type of the event of a dwell time.")),
        leave: v.pipe(v.optional(text, "ZONE_LEFT"), v.description("Type of the event of an exit.")),
      }),
      {},
    ),
    v.description("Types of the events; `ZONE_INTRUSION` for an entry is what a predecessor's backend knows."),
  ),
  ...WATCH_ENTRIES,
});

type Config = v.InferOutput<typeof config>;

/** What is known of an object: its stays, and how it looked last, for what is said when it is gone. */
interface Visitor {
  stays: Stays;
  className: string;
  box: Box;
  confidence: number;
}

const at = (second: number, y2: number) => ({
  kind: "detection",
  source_id: "cam01",
  ts: `2026-01-01T00:00:0${second}Z`,
  payload: {
    detections: [{ bbox: { x1: 10, y1: 0, x2: 30, y2 }, confidence: 0.9, class_name: "person", track_id: 7 }],
  },
});

export const zoneDwell = defineNode({
  name: "zone_dwell",
  kind: "transform",
  stateVersion: 1,
  doc: `Says when tracked objects enter zones, how long they stay there, and when they leave.

Events have the fields of \`event_v02\` with the zone in \`zone\`, and \`dwell: { sec, since_ts, threshold_sec, lost }\`.
Types are ZONE_ENTERED, ZONE_DWELL (once for each of \`dwell_sec\`) and ZONE_LEFT. Times are event time: a recording
gives the same events however fast it is read. An object that is not seen for \`lost_sec\` has left, \`lost: true\`, as of
when it was seen last; this is noticed with the next packet of its source. When the run ends or is stopped nobody has
left: who is inside then gets no ZONE_LEFT, and the dwell times said so far are what is known. All zones that hold an object count, not
only the first. Put a \`tracker\` before this node, and durable edges behind it: a packet that comes again finds its
events said. Their ids follow from a key with the zone behind it, so \`event_v02_parse\` takes them with
\`verify_id: false\`.`,
  config,
  inputs: { in: port(["frame", "detection"], "Packets with tracked `payload.detections`.") },
  outputs: { out: port("event", "One event per entry, dwell time and exit.", "json_portable") },
  reads: zoneFileRead,
  examples: [
    {
      title: "In at once, still there after two seconds, and out",
      config: {
        zones: [
          {
            zone_id: "yard",
            polygon: [
              [0, 100],
              [100, 100],
              [100, 200],
              [0, 200],
            ],
          },
        ],
        dwell_sec: [2],
        settle_sec: 0,
        site_id: "S001",
      },
      input: [at(0, 90), at(1, 150), at(3, 150), at(4, 90)],
      output: {
        out: [
          { kind: "event", ts: "2026-01-01T00:00:01Z", source_id: "cam01" },
          { kind: "event", ts: "2026-01-01T00:00:03Z", source_id: "cam01" },
          {
            kind: "event",
            payload: {
              event_id: "751e63ce-06e6-5b3e-8761-6e47169ed3a3",
              ts: "2026-01-01T00:00:04Z",
              site_id: "S001",
              camera_id: "cam01",
              event_type: "ZONE_LEFT",
              object_type: "PERSON",
              severity: "LOW",
              track_id: 7,
              bbox: { x1: 10, y1: 0, x2: 30, y2: 90 },
              confidence: 0.9,
              zone: { zone_id: "yard", inside: false },
              snapshot_path: null,
              sensor: null,
              dwell: { sec: 2, since_ts: "2026-01-01T00:00:01.000Z", threshold_sec: null, lost: false },
            },
          },
        ],
      },
    },
  ],
  check: (options) => [
    ...zoneListIssues(options, true),
    ...options.dwell_sec.flatMap((sec, index, all) =>
      index > 0 && sec <= all[index - 1]! ? [{ path: ["dwell_sec", index], message: "times must rise" }] : [],
    ),
  ],
  create(options, context) {
    const zones = openZones(options, context);
    const reader = new DetectionReader("watch zones");
    const reach = new ZoneReach(context);
    const watched = new Watched(options.classes, () => context.log.warn(NO_TRACKER));
    const bounds = {
      patienceMs: options.lost_sec * 1_000,
      maxTracks: options.max_tracks,
      maxSources: options.max_sources,
    };
    const memory = new TrackMemory<Partial<Visitor>, null>(
      bounds,
      () => ({}),
      () => null,
    );
    const rules: StayRules = { settleMs: options.settle_sec * 1_000, dwellSec: options.dwell_sec };
    const said = { enter: 0, dwell: 0, leave: 0 };
    const watch = (packet: StreamPacket, known: readonly Zone[]): StreamPacket[] => {
      const detections = reader.read(packet);
      reach.look(known, packet, options.units);
      const moment = memory.at(packet.source_id, eventTimeMs(packet));
      if (moment === undefined) return [];
      const events: StreamPacket[] = [];
      const hear = (track: TrackId, visitor: Visitor) => (zoneId: string, change: StayChange, stay: Stay) => {
        if (!options.emit.includes(change.what)) return;
        said[change.what] += 1;
        events.push(event(track, visitor, zoneId, change, stay, packet, options, context));
      };
      for (const [track, visitor] of moment.gone) endStays(visitor.stays ?? {}, hear(track, visitor as Visitor));
      for (const seen of detections) {
        if (!watched.has(seen.className) || !watched.isTracked(seen)) continue;
        const visitor = moment.stream.see(seen.track);
        const { className, box, confidence } = seen;
        const now: Visitor = Object.assign(visitor, { stays: visitor.stays ?? {}, className, box, confidence });
        const inside = zonesAround(seen, known, packet, options);
        updateStays(now.stays, inside, moment.stream.time.newestMs!, rules, hear(seen.track, now));
      }
      return events;
    };
    return {
      process(packet) {
        const known = zones.current();
        // Zones of the graph and of a file are there from the start; only an API would make anybody wait.
        return watch(packet, known as readonly Zone[]).values();
      },
      metrics: () => ({
        entered_total: said.enter,
        dwelt_total: said.dwell,
        left_total: said.leave,
        ...zones.metrics(),
        ...memory.metrics(),
        ...watched.metrics(),
        ...reader.metrics(),
      }),
      snapshot: () => memory.save(),
      restore: (state) => memory.load(state),
    };
  },
});

function zonesAround(
  { box }: Seen,
  zones: readonly Zone[],
  packet: StreamPacket,
  { anchor, units }: Config,
): Set<string> {
  const unit = unitPixels(packet, units);
  const { x, y } = anchorOf(box, anchor);
  const point = { x: x / unit.x, y: y / unit.y };
  return new Set(zones.filter(({ polygon }) => contains(polygon, point, "fixed")).map(({ zone_id }) => zone_id));
}

function event(
  track_id: TrackId,
  { className, box, confidence }: Visitor,
  zone_id: string,
  change: StayChange,
  { sinceMs, lastMs }: Stay,
  packet: StreamPacket,
  options: Config,
  context: NodeContext,
): StreamPacket {
  const { what } = change;
  const threshold_sec = what === "dwell" ? change.threshold_sec : null;
  const dwell = {
    sec: (lastMs - sinceMs) / 1_000,
    since_ts: new Date(sinceMs).toISOString(),
    threshold_sec,
    lost: what === "leave" && change.lost,
  };
  const sight = {
    event_type: options.event_types[what],
    className,
    track_id,
    bbox: box,
    confidence,
    zone: { zone_id, inside: what !== "leave" },
    which: `${zone_id}:${what}${threshold_sec === null ? "" : `:${threshold_sec}`}`,
    more: { dwell },
  };
  return sightEvent(sight, packet, options, context);
}
