import * as v from "valibot";
import { type ConfigIssue, defineNode, port } from "../../node/index.ts";
import { type StreamPacket, typeName } from "../../packet/index.ts";
import { isMap, SEVERITIES } from "../event_protocol.ts";
import { EVENT_ENTRIES, sightEvent } from "../sight_event.ts";
import type { SoundChange } from "./sound_change.ts";

const text = v.pipe(v.string(), v.minLength(1));

const soundEntry = v.strictObject({
  sound: v.pipe(text, v.description("`speech`, `loud`, `silence`, or a class of `audio_classifier`.")),
  start_type: v.pipe(v.optional(text), v.description("Type of the event at its start; none unless given.")),
  end_type: v.pipe(v.optional(text), v.description("Type of the event at its end; none unless given.")),
  object_type: v.pipe(v.optional(text), v.description("What was heard; the sound's own name unless given.")),
  severity: v.pipe(v.optional(v.picklist(SEVERITIES)), v.description("How bad it is; the node's unless given.")),
});

type SoundEntry = v.InferOutput<typeof soundEntry>;

const USUAL: readonly SoundEntry[] = [
  { sound: "speech", start_type: "SPEECH_STARTED", end_type: "SPEECH_ENDED" },
  { sound: "loud", start_type: "LOUD_SOUND" },
  { sound: "silence", start_type: "SOUND_LOST", end_type: "SOUND_BACK" },
];

const config = v.strictObject({
  sounds: v.pipe(
    v.optional(v.pipe(v.array(soundEntry), v.minLength(1))),
    v.description("What each sound means; `speech`, `loud` and `silence` have usual meanings when left out."),
  ),
  ...EVENT_ENTRIES,
});

/** Why 100: more strange sounds than a person reads about. */
const MAX_WARNINGS = 100;

const speech = (state: "start" | "end", second: number, duration_sec: number | null) => ({
  kind: "sound",
  source_id: "hall",
  ts: `2026-01-01T06:00:0${second}.000000Z`,
  payload: {
    sound: "speech",
    state,
    confidence: 0.97,
    since_ts: "2026-01-01T06:00:01.000000Z",
    duration_sec,
    cut: false,
  },
});

const event = (event_id: string, event_type: string, given: ReturnType<typeof speech>) => {
  const { sound: name, confidence, ...rest } = given.payload;
  const { ts, source_id } = given;
  const key = `event:S000:hall:${event_type}:SPEECH:na:${ts}:None:None:None:None:speech`;
  return {
    ...{ kind: "event", source_id, ts },
    meta: { idempotency_key: key, source_packet_id: "00000000-0000-7000-8000-000000000001" },
    payload: {
      ...{ event_id, ts, site_id: "S000", camera_id: "hall", event_type, object_type: "SPEECH", severity: "LOW" },
      ...{ track_id: null, bbox: null, confidence, zone: { zone_id: "", inside: false } },
      ...{ snapshot_path: null, sensor: null, sound: { name, ...rest } },
    },
  };
};

const [BEGIN, END] = [speech("start", 1, null), speech("end", 3, 2)];

export const audioEvent = defineNode({
  name: "audio_event",
  kind: "transform",
  doc: `Makes events of sounds that begin and end, as \`level\`, \`vad\` and \`audio_classifier\` tell them.

Events have the fields of \`event_v02\`, without a box and a track, and \`sound: { name, state, since_ts, duration_sec,
cut }\`; \`camera_id\` is the source of the sound. Whatever takes events takes them: \`dedup_policy\`, \`snapshot_sink\`,
\`http_sink\`. A sound without an entry makes none, and is named in the log once. Their ids follow from a key with the
sound behind it, so \`event_v02_parse\` takes them with \`verify_id: false\`.`,
  config,
  inputs: { in: port("sound", "Sounds that begin and end.", "json_portable") },
  outputs: { out: port("event", "One event for each beginning or end that has a type.", "json_portable") },
  examples: [
    {
      title: "Somebody speaks for two seconds",
      config: {},
      input: [BEGIN, END],
      output: {
        out: [
          event("0eae9566-ec17-51cb-9123-56eeaa861c25", "SPEECH_STARTED", BEGIN),
          event("c889bb22-6e07-530f-bbf1-ab2596cba900", "SPEECH_ENDED", END),
        ],
      },
    },
  ],
  check: ({ sounds = USUAL }) => sounds.flatMap((entry, at) => entryIssues(entry, at, sounds)),
  create({ sounds = USUAL, ...options }, context) {
    const bySound = new Map(sounds.map((entry) => [entry.sound, entry]));
    const warned = new Set<string>();
    const counts = { events_total: 0, unmapped_total: 0 };
    const unmapped = (sound: string) => {
      counts.unmapped_total += 1;
      if (warned.has(sound) || warned.size >= MAX_WARNINGS) return;
      warned.add(sound);
      context.log.warn("a sound has no entry in sounds", { sound, known: [...bySound.keys()].join(", ") });
    };
    return {
      process(packet, emit) {
        const { sound, confidence, state, ...rest } = changeOf(packet);
        const entry = bySound.get(sound);
        if (entry === undefined) return unmapped(sound);
        const event_type = state === "start" ? entry.start_type : entry.end_type;
        if (event_type === undefined) return;
        const { since_ts, duration_sec, cut } = rest;
        const sight = {
          ...{ event_type, className: entry.object_type ?? sound, track_id: null, bbox: null, confidence },
          ...{ which: sound, more: { sound: { name: sound, state, since_ts, duration_sec, cut } } },
        };
        counts.events_total += 1;
        const severity = entry.severity ?? options.severity;
        emit.out(sightEvent(sight, packet, { ...options, severity }, context));
      },
      metrics: () => ({ ...counts }),
    };
  },
});

function entryIssues(
  { sound, start_type, end_type }: SoundEntry,
  at: number,
  all: readonly SoundEntry[],
): ConfigIssue[] {
  const path = ["sounds", at];
  const first = all.findIndex((entry) => entry.sound === sound);
  return [
    ...(start_type === undefined && end_type === undefined
      ? [{ path, message: "it makes no event: set start_type, end_type or both" }]
      : []),
    ...(first < at ? [{ path: [...path, "sound"], message: `"${sound}" has an entry already` }] : []),
  ];
}

function changeOf({ payload }: StreamPacket): SoundChange {
  if (!isMap(payload)) throw wrong("the payload must be a map with sound and state", payload);
  const { sound, state, confidence } = payload;
  if (typeof sound !== "string") throw wrong("payload.sound must be a text", sound);
  if (state !== "start" && state !== "end") throw wrong("payload.state must be start or end", state);
  if (typeof confidence !== "number") throw wrong("payload.confidence must be a number", confidence);
  return payload as unknown as SoundChange;
}

const wrong = (rule: string, value: unknown) =>
  new TypeError(
    `cannot make an event of a sound: ${rule}, got ${typeof value === "string" ? `"${value}"` : typeName(value)}`,
  );
