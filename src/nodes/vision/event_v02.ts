import * as v from "valibot";
import { defineNode, port } from "../../node/index.ts";
import { isNumeric, type StreamPacket, typeName, WholeFloat } from "../../packet/index.ts";
import { CORNERS, eventId, eventKey, isMap } from "../event_protocol.ts";

const text = v.pipe(v.string(), v.minLength(1));

const config = v.strictObject({
  site_id: v.pipe(text, v.description("Site the events belong to; part of their ids.")),
  camera_id: v.pipe(
    v.optional(text),
    v.description("Camera the events come from; the packet's `source_id` when left out."),
  ),
  python_numbers: v.pipe(
    v.optional(v.boolean(), false),
    v.description(
      "Takes a number in text for a confidence, as variables of a predecessor graph are, and marks a whole one as a float, so that Python-style JSON prints `1.0`.",
    ),
  ),
  at_once: v.pipe(
    v.optional(v.boolean(), false),
    v.description("Hands the events of a list over together, whether or not there is room, as the predecessor did."),
  ),
});

const DETECTION = {
  bbox: { x1: 2, y1: 2, x2: 4, y2: 4 },
  confidence: 0.75,
  event_type: "ZONE_INTRUSION",
  object_type: "PERSON",
  severity: "LOW",
};

export const eventV02 = defineNode({
  name: "event_v02",
  kind: "transform",
  doc: `Makes a Protocol v0.2 event of every detection, with an idempotency key and an event id that follow from the facts.

The payload is a detection, a list of them, or null for none. Same site, camera, types, track, time and box give the
same \`event_id\` on every machine, so a backend can drop repeats. A detection is valid when it has \`bbox\` (with
\`x1 y1 x2 y2\`), \`confidence\`, \`event_type\`, \`object_type\` and \`severity\`, and a \`track_id\` when it is a PERSON.
Others leave by \`invalid\`, one packet each, with the reason in \`meta.invalid_reason\` (the predecessor only counted
them). \`event_v02_parse\` is the way back.`,
  config,
  inputs: { in: port("detection", "A detection, a list of detections, or null.", "json_portable") },
  outputs: {
    out: port("event", "One event per valid detection.", "json_portable"),
    invalid: port("detection", "Detections that lack something.", "json_portable"),
  },
  examples: [
    {
      title: "A person in a zone, and a detection without a track",
      config: { site_id: "S001" },
      input: [
        {
          kind: "detection",
          source_id: "cam01",
          ts: "2026-02-14T00:00:00Z",
          payload: [{ ...DETECTION, track_id: 0 }, DETECTION],
        },
      ],
      output: {
        out: [
          {
            kind: "event",
            source_id: "cam01",
            ts: "2026-02-14T00:00:00Z",
            meta: {
              idempotency_key: "event:S001:cam01:ZONE_INTRUSION:PERSON:0:2026-02-14T00:00:00Z:2:2:4:4",
              source_packet_id: "00000000-0000-7000-8000-000000000001",
            },
            payload: {
              event_id: "479498e4-8f22-50d8-8fbf-3a619dd16c04",
              ts: "2026-02-14T00:00:00Z",
              site_id: "S001",
              camera_id: "cam01",
              event_type: "ZONE_INTRUSION",
              object_type: "PERSON",
              severity: "LOW",
              track_id: 0,
              bbox: { x1: 2, y1: 2, x2: 4, y2: 4 },
              confidence: 0.75,
              zone: { zone_id: "", inside: false },
              snapshot_path: null,
              sensor: null,
            },
          },
        ],
        invalid: [{ kind: "detection", payload: DETECTION, meta: { invalid_reason: "a PERSON needs a track_id" } }],
      },
    },
  ],
  create(options, context) {
    let emitted = 0;
    let skipped = 0;
    function* events(packet: StreamPacket, setAside: (packet: StreamPacket) => void) {
      for (const detection of detections(packet.payload)) {
        const reason = whyInvalid(detection, options.python_numbers);
        if (reason !== undefined) {
          skipped += 1;
          const meta = { ...packet.meta, invalid_reason: reason };
          setAside(context.packet({ ...packet, packet_id: undefined, payload: detection, meta }));
          continue;
        }
        emitted += 1;
        yield context.packet(eventFields(packet, detection as Detection, options));
      }
    }
    return {
      process(packet, emit) {
        const made = events(packet, emit.invalid);
        if (!options.at_once) return made;
        for (const event of made) emit.out(event);
      },
      metrics: () => ({ emitted_total: emitted, skipped_total: skipped }),
    };
  },
});

type Detection = Record<string, unknown>;

function detections(payload: unknown): readonly unknown[] {
  if (Array.isArray(payload)) return payload;
  if (payload === null) return [];
  if (isMap(payload)) return [payload];
  throw new TypeError(`cannot build events: the payload must be a detection, a list or null, got ${typeName(payload)}`);
}

/** The first thing that keeps a value from being a detection, or undefined. */
function whyInvalid(detection: unknown, python: boolean): string | undefined {
  if (!isMap(detection)) return `a detection must be a map, got ${typeName(detection)}`;
  for (const name of ["bbox", "confidence", "event_type", "object_type", "severity"]) {
    if (!(name in detection)) return `${name} is missing`;
  }
  const { bbox, confidence, object_type, track_id } = detection;
  if (!isMap(bbox)) return `bbox must be a map, got ${typeName(bbox)}`;
  for (const corner of CORNERS) if (!(corner in bbox)) return `bbox.${corner} is missing`;
  if (object_type === "PERSON" && (track_id ?? null) === null) return "a PERSON needs a track_id";
  return isNumeric(confidence) || (python && isNumberText(confidence))
    ? undefined
    : `confidence must be a number, got ${typeName(confidence)}`;
}

/** What Python's `float` reads, without its rarer spellings. */
const isNumberText = (value: unknown) =>
  typeof value === "string" && /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i.test(value);

function eventFields(packet: StreamPacket, detection: Detection, options: v.InferOutput<typeof config>) {
  const { site_id, camera_id = packet.source_id, python_numbers } = options;
  const { ts } = packet;
  const { event_type, object_type, severity, track_id = null, bbox, snapshot_path = null, sensor = null } = detection;
  const key = eventKey(site_id, ts, detection, camera_id);
  const confidence = Number(detection.confidence);
  const whole = python_numbers && Number.isInteger(confidence);
  return {
    kind: "event",
    ts,
    source_id: camera_id,
    meta: { ...packet.meta, idempotency_key: key, source_packet_id: packet.packet_id },
    // The order of the fields is the protocol's and shows in JSON.
    payload: {
      event_id: eventId(key),
      ts,
      site_id,
      camera_id,
      event_type,
      object_type,
      severity,
      track_id,
      bbox,
      confidence: whole ? new WholeFloat(confidence) : confidence,
      zone: { zone_id: "", inside: false },
      snapshot_path,
      sensor,
    },
  };
}
