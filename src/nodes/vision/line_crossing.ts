import * as v from "valibot";
import { ownEntry } from "../../base/own_entry.ts";
import { defineNode, type NodeContext, port } from "../../node/index.ts";
import { eventTimeMs, type StreamPacket } from "../../packet/index.ts";
import { objectType, sightEvent } from "../sight_event.ts";
import { anchorOf, DetectionReader, type Seen } from "./detections.ts";
import type { Point } from "./geometry.ts";
import { crossing, type Firm, type Line } from "./line_side.ts";
import { TrackMemory } from "./track_memory.ts";
import { NO_TRACKER, unitPixels, WATCH_ENTRIES, Watched } from "./watch_config.ts";
import { scaleIssue } from "./zone_scale.ts";

const text = v.pipe(v.string(), v.minLength(1));
const finite = v.pipe(v.number(), v.finite());
const point = v.tuple([finite, finite]);

const line = v.strictObject({
  line_id: v.pipe(text, v.description("Its name.")),
  from: v.pipe(point, v.description("One end, `[x, y]`.")),
  to: v.pipe(point, v.description("The other end.")),
  in: v.pipe(
    v.optional(v.picklist(["right", "left"]), "right"),
    v.description("The side that is inside, for somebody who walks from `from` to `to` on the picture."),
  ),
});

const config = v.strictObject({
  lines: v.pipe(v.array(line), v.minLength(1), v.description("Lines to count at.")),
  hysteresis: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0.05),
    v.description("How far past the line the anchor must be to count, in heights of its box."),
  ),
  event_type: v.pipe(v.optional(text, "LINE_CROSSED"), v.description("Type of the events.")),
  ...WATCH_ENTRIES,
});

type Config = v.InferOutput<typeof config>;

const at = (second: number, x: number) => ({
  kind: "detection",
  source_id: "cam01",
  ts: `2026-01-01T00:00:0${second}Z`,
  payload: {
    detections: [
      { bbox: { x1: x - 20, y1: 100, x2: x + 20, y2: 200 }, confidence: 0.9, class_name: "person", track_id: 7 },
    ],
  },
});

export const lineCrossing = defineNode({
  name: "line_crossing",
  kind: "transform",
  stateVersion: 1,
  doc: `Counts tracked objects that cross lines, in and out and by class, and says each crossing as an event.

An object has crossed when its anchor was clear of the line on one side and is clear of it on the other, by
\`hysteresis\` heights of its box, and its way went between the line's ends: one who stands on the line and sways is not
counted. The event has the fields of \`event_v02\` and \`line: { line_id, direction, in, out, classes }\` with the counts
so far, \`direction\` being \`in\` or \`out\`. Put a \`tracker\` before it. A packet older than the newest one of its source
is passed over, and one that comes again from a durable edge finds the crossing counted: count before durable edges.
The id of the event follows from a key with the line behind it, so \`event_v02_parse\` takes it with \`verify_id: false\`.`,
  config,
  inputs: { in: port(["frame", "detection"], "Packets with tracked `payload.detections`.") },
  outputs: { out: port("event", "One event per crossing.", "json_portable") },
  examples: [
    {
      title: "Somebody walks in through a door at x = 300",
      config: { lines: [{ line_id: "door", from: [300, 400], to: [300, 0] }] },
      input: [at(0, 250), at(1, 302), at(2, 340)],
      output: {
        out: [
          {
            kind: "event",
            source_id: "cam01",
            meta: {
              idempotency_key: "event:S000:cam01:LINE_CROSSED:PERSON:7:2026-01-01T00:00:02Z:320:100:360:200:door:in",
              source_packet_id: "00000000-0000-7000-8000-000000000001",
            },
            payload: {
              event_id: "18025d38-c410-5e36-8d9b-d279350b723b",
              ts: "2026-01-01T00:00:02Z",
              site_id: "S000",
              camera_id: "cam01",
              event_type: "LINE_CROSSED",
              object_type: "PERSON",
              severity: "LOW",
              track_id: 7,
              bbox: { x1: 320, y1: 100, x2: 360, y2: 200 },
              confidence: 0.9,
              zone: { zone_id: "", inside: false },
              snapshot_path: null,
              sensor: null,
              line: { line_id: "door", direction: "in", in: 1, out: 0, classes: { PERSON: { in: 1, out: 0 } } },
            },
          },
        ],
      },
    },
  ],
  check: ({ lines, units }) => [
    ...sameNames(lines),
    ...badEnds(lines, units),
    ...lines.flatMap(({ from, to }, at) =>
      units === "pixel" ? scaleIssue(["lines", at], [toPoint(from), toPoint(to)], units) : [],
    ),
  ],
  create(options, context) {
    const reader = new DetectionReader("watch lines");
    const watched = new Watched(options.classes, () => context.log.warn(NO_TRACKER));
    const bounds = {
      patienceMs: options.lost_sec * 1_000,
      maxTracks: options.max_tracks,
      maxSources: options.max_sources,
    };
    const memory = new TrackMemory<Firm[], Counts>(
      bounds,
      () => [],
      () => ({}),
    );
    const total = { in: 0, out: 0 };
    function* crossings(packet: StreamPacket) {
      const detections = reader.read(packet);
      const moment = memory.at(packet.source_id, eventTimeMs(packet));
      if (moment === undefined) return;
      const lines = linesOf(options, packet);
      for (const seen of detections) {
        if (!watched.has(seen.className) || !watched.isTracked(seen)) continue;
        const firm = moment.stream.see(seen.track);
        for (const [index, one] of lines.entries()) {
          const direction = crossing(firm, index, one, anchorOf(seen.box, options.anchor), clearance(seen, options));
          if (direction === undefined) continue;
          total[direction] += 1;
          const counts = count(moment.stream.own, one.line_id, objectType(seen.className), direction);
          yield event(seen, one.line_id, direction, counts, packet, options, context);
        }
      }
    }
    return {
      process: crossings,
      metrics: () => ({
        in_total: total.in,
        out_total: total.out,
        ...memory.metrics(),
        ...watched.metrics(),
        ...reader.metrics(),
      }),
      snapshot: () => memory.save(),
      restore: (state) => memory.load(state),
    };
  },
});

type Direction = "in" | "out";
type InOut = Record<Direction, number>;
/** By line and object type. */
type Counts = Record<string, Record<string, InOut>>;

/** Why 256: more classes than a detector knows; a class map gone wrong could invent types without end. */
const MAX_TYPES = 256;

function count(counts: Counts, lineId: string, type: string, direction: Direction): Record<string, InOut> {
  const types = ownEntry(counts, lineId, () => ({}));
  const key = Object.hasOwn(types, type) || Object.keys(types).length < MAX_TYPES ? type : "OTHER";
  ownEntry(types, key, () => ({ in: 0, out: 0 }))[direction] += 1;
  return types;
}

function event(
  { className, track, box, confidence }: Seen,
  line_id: string,
  direction: Direction,
  types: Record<string, InOut>,
  packet: StreamPacket,
  options: Config,
  context: NodeContext,
): StreamPacket {
  const sum = (way: Direction) => Object.values(types).reduce((all, one) => all + one[way], 0);
  const line = { line_id, direction, in: sum("in"), out: sum("out"), classes: structuredClone(types) };
  const { event_type } = options;
  const sight = { event_type, className, track_id: track ?? null, bbox: box, confidence };
  return sightEvent({ ...sight, which: `${line_id}:${direction}`, more: { line } }, packet, options, context);
}

const clearance = ({ box }: Seen, { hysteresis }: Config) => hysteresis * (box.y2 - box.y1);

/** The lines in pixels of this packet's picture, inside on the right. */
function linesOf({ lines, units }: Config, packet: StreamPacket): (Line & { line_id: string })[] {
  const { x, y } = unitPixels(packet, units);
  return lines.map(({ line_id, from, to, in: inside }) => {
    const ends = [from, to].map((end) => ({ x: end[0] * x, y: end[1] * y })) as [Point, Point];
    const [start, end] = inside === "right" ? ends : [ends[1], ends[0]];
    return { line_id, from: start, to: end };
  });
}

const toPoint = ([x, y]: readonly [number, number]): Point => ({ x, y });

function sameNames(lines: Config["lines"]) {
  const names = lines.map(({ line_id }) => line_id);
  return names.flatMap((name, index) =>
    names.indexOf(name) === index
      ? []
      : [{ path: ["lines", index, "line_id"], message: `"${name}" is the name of another line` }],
  );
}

const badEnds = (lines: Config["lines"], units: Config["units"]) =>
  lines.flatMap(({ from, to }, index) => {
    if (from[0] === to[0] && from[1] === to[1]) {
      return [{ path: ["lines", index, "to"], message: "a line needs two different ends" }];
    }
    const beyond = units === "fraction" && [...from, ...to].some((value) => value < 0 || value > 1);
    return beyond
      ? [
          {
            path: ["lines", index],
            message: "with units: fraction, coordinates are 0 to 1",
            hint: "units: pixel takes pixels",
          },
        ]
      : [];
  });
