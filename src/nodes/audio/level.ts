import * as v from "valibot";
import { type ConfigIssue, defineNode, port } from "../../node/index.ts";
import { type Audio, audioOf, type StreamPacket } from "../../packet/index.ts";
import { MAX_SOURCES, PerSource } from "../per_source.ts";
import { Continuity } from "./continuity.ts";
import { changesOf, type Heeded, measure } from "./loudness.ts";
import { changePacket, timeOf } from "./sound_change.ts";
import { Windows } from "./windows.ts";

const dbfs = v.pipe(v.number(), v.minValue(-120), v.maxValue(0));
const seconds = v.pipe(v.number(), v.minValue(0));

const config = v.strictObject({
  window_ms: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(60_000)), 1_000),
    v.description("Time that one measurement is over."),
  ),
  loud_dbfs: v.pipe(
    v.optional(dbfs),
    v.description("Says `loud` when the RMS of a window is at least so much; never unless given."),
  ),
  silence_dbfs: v.pipe(v.optional(dbfs, -60), v.description("A window of less RMS is silent.")),
  silence_sec: v.pipe(
    v.optional(seconds),
    v.description("Says `silence` when it was silent for so long; never unless given."),
  ),
  hysteresis_db: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(60)), 3),
    v.description("`loud` ends so much below its threshold, and `silence` so much above its own."),
  ),
  clip_level: v.pipe(
    v.optional(v.pipe(v.number(), v.gtValue(0)), 0.999),
    v.description("Samples of at least this size (of 1) are clipped: 16-bit ones end at 0.99997."),
  ),
});

export type LevelConfig = v.InferOutput<typeof config>;

/** Of one source. */
interface Room extends Heeded {
  readonly continuity: Continuity;
  windows: Windows;
}

const block = (second: number, sample: number) => ({
  kind: "audio",
  source_id: "hall",
  ts: `2026-01-01T06:00:0${second}.000000Z`,
  payload: {
    sample_rate: 1_000,
    channels: 1,
    samples: new Float32Array(1_000).fill(sample),
    sample_idx: second * 1_000,
  },
});

export const level = defineNode({
  name: "level",
  kind: "compute",
  doc: `Measures how loud a sound is, and says when it becomes loud or falls silent.

By \`out\` leaves a measurement for each window: \`{ rms_dbfs, peak_dbfs, clipped, samples }\` of all channels together, in
dB of full scale (0 is the most, -144 is nothing), with the time of the window's first sample. By \`changes\` leave
packets of kind \`sound\`: \`{ sound, state, since_ts, duration_sec, … }\`, with \`loud\` or \`silence\` as \`sound\` and
\`start\` or \`end\` as \`state\`; [audio_event](audio_event.md) makes events of them. A microphone that was switched off
is \`silence\`; one that is set too high clips.`,
  config,
  inputs: { in: port("audio", "Blocks of samples.", "inproc_any") },
  outputs: {
    out: port("level", "A measurement for each window.", "json_portable"),
    changes: port("sound", "Begin and end of `loud` and `silence`.", "json_portable"),
  },
  examples: [
    {
      title: "A second of noise, and one of quiet",
      config: { loud_dbfs: -10 },
      input: [block(0, 0.5), block(1, 0)],
      output: {
        out: [
          {
            kind: "level",
            source_id: "hall",
            ts: "2026-01-01T06:00:00.000000Z",
            payload: { rms_dbfs: -6.02, peak_dbfs: -6.02, clipped: 0, samples: 1_000 },
          },
          {
            ts: "2026-01-01T06:00:01.000000Z",
            payload: { rms_dbfs: -144, peak_dbfs: -144, clipped: 0, samples: 1_000 },
          },
        ],
        changes: [
          { kind: "sound", ts: "2026-01-01T06:00:00.000000Z", meta: change("start", 0) },
          { kind: "sound", ts: "2026-01-01T06:00:01.000000Z", meta: change("end", 1) },
        ],
      },
    },
  ],
  check: ({ loud_dbfs, silence_dbfs, silence_sec, hysteresis_db }): ConfigIssue[] =>
    loud_dbfs !== undefined && silence_sec !== undefined && loud_dbfs < silence_dbfs + hysteresis_db
      ? [{ path: ["loud_dbfs"], message: `it must be above silence_dbfs (${silence_dbfs}) and hysteresis_db` }]
      : [],
  create(options, context) {
    const rooms = new PerSource<Room>(MAX_SOURCES, () => ({
      ...{ continuity: new Continuity(), windows: new Windows(1) },
      ...{ loud: undefined, silence: undefined, quietFrom: undefined },
    }));
    const counts = { windows: 0, clipped: 0, changes: 0, gaps: 0 };
    const changed = (made: StreamPacket) => {
      counts.changes += 1;
      return made;
    };
    return {
      process(packet, emit) {
        const audio = audioOf(packet.payload);
        const room = rooms.of(packet.source_id);
        const how = room.continuity.take(audio);
        if (how === "gap" || how === "changed") counts.gaps += 1;
        if (how === "gap") room.windows.clear();
        else if (how !== "on") room.windows = new Windows(windowLength(audio, options));
        const from = { packet, audio };
        for (const window of room.windows.push(audio)) {
          const measured = measure(window, options);
          const { samples } = window;
          counts.windows += 1;
          counts.clipped += measured.clipped;
          const ts = timeOf(window.sampleIdx, packet, audio);
          const payload = { ...measured, samples: samples.length / audio.channels };
          const { source_id } = packet;
          const meta = { sample_idx: window.sampleIdx, idempotency_key: `level:${source_id}:${ts}` };
          emit.out(context.packet({ kind: "level", ts, source_id, payload, meta }));
          for (const one of changesOf(room, window, measured, audio, options)) {
            const { made, heard } = changePacket(one, room[one.sound], from, context);
            room[one.sound] = one.state === "start" ? heard : undefined;
            emit.changes(changed(made));
          }
        }
      },
      metrics: () => ({
        windows_total: counts.windows,
        clipped_total: counts.clipped,
        changes_total: counts.changes,
        gaps_total: counts.gaps,
        ...rooms.metrics(),
      }),
    };
  },
});

function change(state: string, second: number) {
  const ts = `2026-01-01T06:00:0${second}.000000Z`;
  return { sample_idx: second * 1_000, idempotency_key: `sound:hall:loud:${state}:${ts}` };
}

const windowLength = ({ sample_rate }: Audio, { window_ms }: LevelConfig) =>
  Math.max(1, Math.round((sample_rate * window_ms) / 1_000));
