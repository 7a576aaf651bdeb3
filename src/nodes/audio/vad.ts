import * as v from "valibot";
import { type ConfigIssue, defineNode, type Emit, type Model, type NodeContext, port } from "../../node/index.ts";
import { type Audio, audioOf, type StreamPacket } from "../../packet/index.ts";
import { modelConfig, modelOptions } from "../model_options.ts";
import { MAX_SOURCES, PerSource } from "../per_source.ts";
import { Continuity } from "./continuity.ts";
import { checkSpeechModel, SPEECH_RATE, SPEECH_WINDOW, SpeechModel } from "./silero.ts";
import { changePacket, type Heard, timeOf } from "./sound_change.ts";
import { Turns } from "./turns.ts";
import { Windows } from "./windows.ts";

const ms = v.pipe(v.number(), v.minValue(0), v.maxValue(60_000));
const share = v.pipe(v.number(), v.gtValue(0), v.ltValue(1));
const { batch: _, model: __, ...running } = modelConfig;

const config = v.strictObject({
  model: v.pipe(
    v.optional(v.pipe(v.string(), v.minLength(1)), "silero_vad"),
    v.description("`silero_vad` is in the binary; or an .onnx file of the same kind."),
  ),
  threshold: v.pipe(v.optional(share, 0.5), v.description("Probability from which it is speech.")),
  end_threshold: v.pipe(
    v.optional(share),
    v.description("Probability below which it is none any more; `threshold` - 0.15 unless given."),
  ),
  min_speech_ms: v.pipe(v.optional(ms, 250), v.description("Shorter sounds are not speech.")),
  min_silence_ms: v.pipe(v.optional(ms, 500), v.description("Shorter pauses belong to the speech.")),
  padding_ms: v.pipe(v.optional(ms, 64), v.description("Added before and behind what the model hears.")),
  ...running,
});

type Config = v.InferOutput<typeof config>;

/** Of one source. */
interface Speaker {
  readonly continuity: Continuity;
  readonly windows: Windows;
  readonly model: SpeechModel;
  readonly turns: Turns;
  heard: Heard | undefined;
  /** Blocks of a source are heard one after the other, also where the node runs several at once. */
  turn: Promise<void>;
}

const quiet = {
  kind: "audio",
  source_id: "hall",
  ts: "2026-01-01T06:00:00.000000Z",
  payload: { sample_rate: SPEECH_RATE, channels: 1, samples: new Float32Array(SPEECH_WINDOW), sample_idx: 0 },
};

export const vad = defineNode({
  name: "vad",
  kind: "compute",
  doc: `Hears when somebody speaks, with Silero's model in a worker thread.

By \`out\` leave packets of kind \`sound\`: \`{ sound: speech, state: start | end, confidence, since_ts, duration_sec, cut }\`
with the time at which speech began or ended; [audio_event](audio_event.md) makes events of them. A start is known
\`min_speech_ms\` after it, an end \`min_silence_ms\` after it. Where samples are missing in the middle of speech it ends
with \`cut: true\`; speech that goes on to the end of a file has no end. By \`scores\` leaves the probability of every
32 ms. Takes sound of 16 kHz and one channel, which is what \`audio_source\` gives; put \`resample\` before it for others.
The model remembers what it heard, of each source on its own.`,
  config,
  inputs: { in: port("audio", "Sound of 16 kHz, one channel.", "inproc_any") },
  outputs: {
    out: port("sound", "Begin and end of speech.", "json_portable"),
    scores: port("score", "`{ speech }`, the probability of each window of 512 samples.", "json_portable"),
  },
  examples: [
    {
      title: "Nobody speaks in silence",
      config: { backend: "wasm" },
      input: [quiet],
      output: {
        scores: [
          {
            kind: "score",
            source_id: "hall",
            ts: "2026-01-01T06:00:00.000000Z",
            payload: { speech: 0.012 },
            meta: { sample_idx: 0 },
          },
        ],
      },
    },
  ],
  check: ({ threshold, end_threshold }): ConfigIssue[] =>
    end_threshold !== undefined && end_threshold > threshold
      ? [{ path: ["end_threshold"], message: `it must not be above threshold (${threshold}): it is ${end_threshold}` }]
      : [],
  create(options, context) {
    let model: Model | undefined;
    const rules = rulesOf(options);
    const counts = { windows_total: 0, speech_total: 0, cut_total: 0, gaps_total: 0 };
    const speakers = new PerSource<Speaker>(MAX_SOURCES, () => ({
      ...{ continuity: new Continuity(), windows: new Windows(SPEECH_WINDOW), model: new SpeechModel(model!) },
      ...{ turns: new Turns(rules), heard: undefined, turn: Promise.resolve() },
    }));
    return {
      async open() {
        model = await context.inference.open(modelOptions({ ...options, batch: 1 }));
        checkSpeechModel(model);
      },
      process(packet, emit) {
        const audio = speechOf(packet);
        const speaker = speakers.of(packet.source_id);
        const before = speaker.turn;
        const now = before.then(() => listen(speaker, { packet, audio }, emit, context, counts));
        // The next block waits, and does not fail with this one.
        speaker.turn = now.catch(() => {});
        return now;
      },
      close: () => model?.release(),
      metrics: () => ({ ...model?.metrics(), ...counts, ...speakers.metrics() }),
    };
  },
});

interface From {
  packet: StreamPacket;
  audio: Audio;
}

async function listen(
  speaker: Speaker,
  from: From,
  emit: Emit<"out" | "scores">,
  context: NodeContext,
  counts: Record<"windows_total" | "speech_total" | "cut_total" | "gaps_total", number>,
) {
  const { packet, audio } = from;
  const lastIdx = speaker.continuity.next;
  const how = speaker.continuity.take(audio);
  if (how !== "on") {
    if (how !== "first") counts.gaps_total += 1;
    if (speaker.turns.started) {
      counts.cut_total += 1;
      emit.out(cutOff(speaker, lastIdx, from, context));
    }
    speaker.windows.clear();
    speaker.model.restart();
    speaker.turns.restart(audio.sample_idx);
  }
  for (const { samples, sampleIdx } of speaker.windows.push(audio)) {
    const probability = await speaker.model.hear(samples);
    counts.windows_total += 1;
    const ts = timeOf(sampleIdx, packet, audio);
    const payload = { speech: Math.round(probability * 1_000) / 1_000 };
    emit.scores(
      context.packet({ kind: "score", ts, source_id: packet.source_id, payload, meta: { sample_idx: sampleIdx } }),
    );
    const turn = speaker.turns.take(probability, sampleIdx, sampleIdx + SPEECH_WINDOW);
    if (turn === undefined) continue;
    if (turn.state === "start") counts.speech_total += 1;
    const { made, heard } = changePacket({ sound: "speech", ...turn }, speaker.heard, from, context);
    speaker.heard = turn.state === "start" ? heard : undefined;
    emit.out(made);
  }
}

/** Nobody knows what was said in a gap. */
function cutOff(speaker: Speaker, lastIdx: number, from: From, context: NodeContext): StreamPacket {
  const { confidence } = speaker.turns;
  const end = { sound: "speech", state: "end", sampleIdx: lastIdx, confidence, cut: true } as const;
  const { made } = changePacket(end, speaker.heard, from, context);
  speaker.heard = undefined;
  return made;
}

function speechOf({ payload }: StreamPacket): Audio {
  const audio = audioOf(payload);
  const { sample_rate, channels } = audio;
  if (sample_rate === SPEECH_RATE && channels === 1) return audio;
  throw new TypeError(
    `cannot hear speech in a sound of ${sample_rate} Hz and ${channels} channels: it takes 16000 Hz and one; put resample before it`,
  );
}

function rulesOf({ threshold, end_threshold, min_speech_ms, min_silence_ms, padding_ms }: Config) {
  const samples = (time: number) => Math.round((time * SPEECH_RATE) / 1_000);
  return {
    threshold,
    endThreshold: end_threshold ?? Math.max(0.01, threshold - 0.15),
    minLength: samples(min_speech_ms),
    minPause: samples(min_silence_ms),
    padding: samples(padding_ms),
  };
}
