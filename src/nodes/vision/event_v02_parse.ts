import * as v from "valibot";
import { ANY, defineNode, port } from "../../node/index.ts";
import { pythonFloat, replace, type StreamPacket } from "../../packet/index.ts";
import { CORNERS, eventId, eventKey, SEVERITIES } from "../event_protocol.ts";
import { numeric } from "../numbers.ts";

const text = v.pipe(v.string(), v.minLength(1));
const coordinate = v.nullable(numeric);

/** What an event from outside must have. Fields beyond these are kept. */
const event = v.looseObject({
  event_id: text,
  ts: text,
  site_id: text,
  camera_id: text,
  event_type: text,
  object_type: text,
  severity: v.picklist(SEVERITIES),
  track_id: v.optional(v.nullable(v.union([numeric, v.string()]))),
  // Null: what is told has no place in the picture, such as a count.
  bbox: v.nullable(v.looseObject({ x1: coordinate, y1: coordinate, x2: coordinate, y2: coordinate })),
  confidence: numeric,
});

type Event = v.InferOutput<typeof event>;

const KEY = "event:S001:cam01:ZONE_INTRUSION:PERSON:0:2026-02-14T00:00:00Z:2:2:4:4";
const EVENT = {
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
};

export const eventV02Parse = defineNode({
  name: "event_v02_parse",
  kind: "transform",
  doc: `Reads a Protocol v0.2 event that came from outside and makes it an event packet again: the way back of \`event_v02\`.

The packet gets the event's time, its camera as source, and the idempotency key, which is not in the event and is
rebuilt from its fields. The key is right when it gives the event's \`event_id\`; JSON does not say whether \`20\` was
written \`20.0\`, so both spellings are tried. What is no event, or has another id, leaves by \`invalid\` with the reason
in \`meta.invalid_reason\`.`,
  config: v.strictObject({
    verify_id: v.pipe(
      v.optional(v.boolean(), true),
      v.description("Refuses events with another id than their fields give; false takes the id itself as the key."),
    ),
  }),
  inputs: { in: port(ANY, "Packets whose payload is an event.", "json_portable") },
  passes: true,
  outputs: {
    out: port("event", "The event, with its key.", "json_portable"),
    invalid: port(ANY, "What is no event, unchanged.", "json_portable"),
  },
  examples: [
    {
      title: "An event from a message bus, and something else",
      config: {},
      input: [{ payload: EVENT }, { payload: { hello: 1 } }],
      output: {
        out: [
          {
            kind: "event",
            ts: "2026-02-14T00:00:00Z",
            source_id: "cam01",
            payload: EVENT,
            meta: { idempotency_key: KEY, source_packet_id: "00000000-0000-7000-8000-000000000001" },
          },
        ],
        invalid: [{ payload: { hello: 1 } }],
      },
    },
  ],
  create({ verify_id }, context) {
    let accepted = 0;
    let invalid = 0;
    return {
      process(packet, emit) {
        const parsed = v.safeParse(event, packet.payload, { abortEarly: true });
        const key = parsed.success ? findKey(parsed.output) : undefined;
        if (!parsed.success || (key === undefined && verify_id)) {
          invalid += 1;
          const meta = { ...packet.meta, invalid_reason: parsed.success ? ID_DIFFERS : shapeFault(parsed.issues[0]) };
          return emit.invalid(replace(packet, { meta }));
        }
        accepted += 1;
        emit.out(context.packet(packetFields(packet, parsed.output, key)));
      },
      metrics: () => ({ accepted_total: accepted, invalid_total: invalid }),
    };
  },
});

const ID_DIFFERS = "event_id is not the id that the event's own fields give";

function shapeFault(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  return path === null ? issue.message : `${path}: ${issue.message}`;
}

function packetFields(packet: StreamPacket, { event_id, ts, camera_id }: Event, key: string | undefined) {
  const meta = { ...packet.meta, idempotency_key: key ?? event_id, source_packet_id: packet.packet_id };
  return { kind: "event", ts, source_id: camera_id, payload: packet.payload, meta };
}

/**
 * The key that gives the event's id, or undefined. Five numbers of unknown spelling make at most 32 keys;
 * all ints and all floats, which cover real senders, come first.
 */
function findKey(event: Event): string | undefined {
  const whole = [...CORNERS.map((corner) => event.bbox?.[corner]), event.track_id].map((value, at) =>
    typeof value === "number" && Number.isInteger(value) ? 1 << at : 0,
  );
  const all = whole.reduce((mask, bit) => mask | bit, 0);
  for (let tried = 0; tried <= all; tried++) {
    // 0 (no floats) first, then `all` downwards.
    const floats = tried === 0 ? 0 : all + 1 - tried;
    if ((floats & all) !== floats) continue;
    const key = eventKey(event.site_id, event.ts, spelled(event, floats), event.camera_id);
    if (eventId(key) === event.event_id.toLowerCase()) return key;
  }
  return undefined;
}

/** The event with the numbers chosen by `floats` (x1 y1 x2 y2 track, lowest bit first) spelled as floats. */
function spelled(event: Event, floats: number): Record<string, unknown> {
  const float = (value: unknown, at: number) => (floats & (1 << at) ? pythonFloat(Number(value)) : value);
  const bbox = Object.fromEntries(CORNERS.map((corner, at) => [corner, float(event.bbox?.[corner], at)]));
  return { ...event, bbox, track_id: float(event.track_id, CORNERS.length) };
}
