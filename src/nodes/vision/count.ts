import * as v from "valibot";
import { defineNode, port } from "../../node/index.ts";
import { eventTimeMs, type StreamPacket } from "../../packet/index.ts";
import { objectType, sightEvent } from "../sight_event.ts";
import { anchorOf, DetectionReader, type Seen } from "./detections.ts";
import { contains } from "./geometry.ts";
import { TrackMemory, type TrackStream } from "./track_memory.ts";
import { unitPixels, WATCH_ENTRIES, Watched } from "./watch_config.ts";
import { openZones, ZONE_ENTRIES, zoneFileRead, zoneListIssues } from "./zone_list.ts";
import { ZoneReach } from "./zone_reach.ts";
import type { Zone } from "./zones.ts";

const seconds = v.pipe(v.number(), v.gtValue(0));
const { lost_sec: _, ...watch } = WATCH_ENTRIES;

const config = v.strictObject({
  ...ZONE_ENTRIES,
  emit: v.pipe(
    v.optional(v.picklist(["change", "interval"]), "change"),
    v.description("When a count is said: when it is another one, or every `interval_sec`."),
  ),
  interval_sec: v.pipe(v.optional(seconds, 10), v.description("Event time between counts, for `emit: interval`.")),
  settle_sec: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0)), 0.5),
    v.description(
      "How long a new count must last before it is said: a detector that misses one frame changes nothing.",
    ),
  ),
  window_sec: v.pipe(
    v.optional(seconds, 60),
    v.description("Different tracks seen within this long are counted too; needs a `tracker`."),
  ),
  event_type: v.pipe(
    v.optional(v.pipe(v.string(), v.minLength(1)), "OBJECT_COUNT"),
    v.description("Type of the events."),
  ),
  ...watch,
});

type Config = v.InferOutput<typeof config>;

interface Tally {
  total: number;
  classes: Record<string, number>;
}

/** What was said of a source, and what may be said next. */
interface Said {
  text: string | null;
  atMs: number;
  /** The how-manieth count of the time `atMs` it is: their keys have nothing else that tells them apart. */
  nth: number;
  pending: string | null;
  pendingSinceMs: number;
}

const person = (x1: number, track_id: number) => ({
  bbox: { x1, y1: 0, x2: x1 + 20, y2: 50 },
  confidence: 0.9,
  class_name: "person",
  track_id,
});

const at = (second: number, detections: object[]) => ({
  kind: "detection",
  source_id: "cam01",
  ts: `2026-01-01T00:00:0${second}Z`,
  payload: { detections },
});

export const count = defineNode({
  name: "count",
  kind: "transform",
  stateVersion: 1,
  doc: `Counts the objects in the picture, by class and by zone, and says so as an event when the count changes.

Events have the fields of \`event_v02\` (no track and no box) and \`count: { total, classes, zones, window }\`: objects
now, by object type, the same in each zone, and the different tracks that were seen within \`window_sec\`. Times are
event time. With \`emit: interval\` a count is said every \`interval_sec\`, changed or not. A packet older than the newest
one of its source is passed over. The id of an event follows from a key with \`count\` behind it, so \`event_v02_parse\`
takes it with \`verify_id: false\`.`,
  config,
  inputs: { in: port(["frame", "detection"], "Packets with `payload.detections`.") },
  outputs: { out: port("event", "Counts.", "json_portable") },
  reads: zoneFileRead,
  examples: [
    {
      title: "A second person comes, and one of the two stands in the zone",
      config: {
        zones: [
          {
            zone_id: "door",
            polygon: [
              [0, 0],
              [100, 0],
              [100, 100],
              [0, 100],
            ],
          },
        ],
        settle_sec: 0,
      },
      input: [at(0, [person(10, 1)]), at(1, [person(12, 1)]), at(2, [person(14, 1), person(300, 2)])],
      output: {
        out: [
          { kind: "event", ts: "2026-01-01T00:00:00Z" },
          {
            kind: "event",
            ts: "2026-01-01T00:00:02Z",
            payload: {
              event_id: "19592605-add1-520e-b97e-eaae599307b5",
              ts: "2026-01-01T00:00:02Z",
              site_id: "S000",
              camera_id: "cam01",
              event_type: "OBJECT_COUNT",
              object_type: "ANY",
              severity: "LOW",
              track_id: null,
              bbox: null,
              confidence: 1,
              zone: { zone_id: "", inside: false },
              snapshot_path: null,
              sensor: null,
              count: {
                total: 2,
                classes: { PERSON: 2 },
                zones: { door: { total: 1, classes: { PERSON: 1 } } },
                window: { sec: 60, total: 2, classes: { PERSON: 2 } },
              },
            },
          },
        ],
      },
    },
  ],
  check: (options) => zoneListIssues(options, false),
  create(options, context) {
    const zones = openZones(options, context);
    const reader = new DetectionReader("count objects");
    const reach = new ZoneReach(context);
    const watched = new Watched(options.classes, () => {});
    const { max_tracks: maxTracks, max_sources: maxSources } = options;
    const memory = new TrackMemory<{ type?: string }, Said>(
      { patienceMs: options.window_sec * 1_000, maxTracks, maxSources },
      () => ({}),
      () => ({ text: null, atMs: 0, nth: 0, pending: null, pendingSinceMs: 0 }),
    );
    let objects = 0;
    let emitted = 0;
    return {
      process(packet, emit) {
        const seen = reader.read(packet).filter(({ className }) => watched.has(className));
        const moment = memory.at(packet.source_id, eventTimeMs(packet));
        if (moment === undefined) return;
        const { stream } = moment;
        for (const one of seen) if (watched.isTracked(one)) stream.see(one.track).type = objectType(one.className);
        objects = seen.length;
        const known = zones.current() as readonly Zone[];
        reach.look(known, packet, options.units);
        const now = { ...tally(seen), zones: byZone(seen, known, packet, options) };
        if (!isDue(stream.own, JSON.stringify(now), stream.time.newestMs!, options)) return;
        emitted += 1;
        const counted = { ...now, window: { sec: options.window_sec, ...tallyOf([...typesOf(stream)]) } };
        const sight = { event_type: options.event_type, className: "ANY", track_id: null, bbox: null, confidence: 1 };
        emit.out(
          sightEvent(
            { ...sight, which: stream.own.nth > 1 ? `count:${stream.own.nth}` : "count", more: { count: counted } },
            packet,
            options,
            context,
          ),
        );
      },
      metrics: () => ({
        objects,
        emitted_total: emitted,
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

/** Keys in alphabetical order, so that equal counts are equal texts. */
function tallyOf(types: readonly string[]): Tally {
  const classes: Record<string, number> = {};
  for (const type of [...types].sort()) classes[type] = (classes[type] ?? 0) + 1;
  return { total: types.length, classes };
}

const tally = (seen: readonly Seen[]) => tallyOf(seen.map(({ className }) => objectType(className)));

function* typesOf({ tracks }: TrackStream<{ type?: string }, Said>) {
  for (const { state } of tracks.values()) if (state.type !== undefined) yield state.type;
}

function byZone(seen: readonly Seen[], zones: readonly Zone[], packet: StreamPacket, { units, anchor }: Config) {
  if (zones.length === 0) return {};
  const unit = unitPixels(packet, units);
  const points = seen.map((one) => {
    const { x, y } = anchorOf(one.box, anchor);
    return { one, point: { x: x / unit.x, y: y / unit.y } };
  });
  return Object.fromEntries(
    zones.map(({ zone_id, polygon }) => {
      const inside = points.filter(({ point }) => contains(polygon, point, "fixed"));
      return [zone_id, tally(inside.map(({ one }) => one))];
    }),
  );
}

/** Decides whether a count is said now, and notes it. */
function isDue(said: Said, text: string, nowMs: number, { emit, interval_sec, settle_sec }: Config): boolean {
  if (emit === "interval") {
    if (said.text !== null && nowMs >= said.atMs && nowMs - said.atMs < interval_sec * 1_000) return false;
  } else if (said.text === text) {
    said.pending = null;
    return false;
  } else {
    if (said.pending !== text) {
      said.pending = text;
      said.pendingSinceMs = nowMs;
    }
    if (nowMs >= said.pendingSinceMs && nowMs - said.pendingSinceMs < settle_sec * 1_000) return false;
  }
  said.nth = said.text !== null && said.atMs === nowMs ? said.nth + 1 : 1;
  said.text = text;
  said.atMs = nowMs;
  said.pending = null;
  return true;
}
