import * as v from "valibot";
import { type ConfigIssue, defineNode, type Emit, type Model, port } from "../../node/index.ts";
import { type Audio, audioOf, type StreamPacket } from "../../packet/index.ts";
import { ACTIVATIONS } from "../activation.ts";
import { modelConfig, modelOptions } from "../model_options.ts";
import { MAX_SOURCES, PerSource } from "../per_source.ts";
import { ClassListener, type ClassTurn } from "./class_listener.ts";
import { stageConfig } from "./model_stage.ts";
import { changePacket, type Heard, timeOf } from "./sound_change.ts";

const { model: _, batch: __, ...running } = modelConfig;
const share = v.pipe(v.number(), v.gtValue(0), v.maxValue(1));
const ms = v.pipe(v.number(), v.minValue(0), v.maxValue(600_000));
const names = v.array(v.pipe(v.string(), v.minLength(1)));

const config = v.strictObject({
  stages: v.pipe(
    v.array(stageConfig),
    v.minLength(1),
    v.maxLength(8),
    v.description("Models one behind the other: the first takes samples, each further one rows of the one before."),
  ),
  sample_rate: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1_000), v.maxValue(384_000)), 16_000),
    v.description("What the first model was trained with; sound of another rate is refused."),
  ),
  activation: v.pipe(
    v.optional(v.picklist(ACTIVATIONS), "none"),
    v.description("What makes probabilities of the last model's numbers; `none` where they are some."),
  ),
  class_names: v.pipe(v.optional(names), v.description("Names by class number, where the model carries none.")),
  sounds: v.pipe(v.optional(names), v.description("Classes of which begin and end are told; all unless given.")),
  threshold: v.pipe(v.optional(share, 0.5), v.description("Probability from which a class is heard.")),
  end_threshold: v.pipe(
    v.optional(share),
    v.description("Probability below which it is not any more; `threshold` unless given."),
  ),
  min_ms: v.pipe(v.optional(ms, 0), v.description("A class that is heard for less is none.")),
  min_pause_ms: v.pipe(v.optional(ms, 500), v.description("A class is over when it was not heard for so long.")),
  ...running,
});

export type AudioClassifierConfig = v.InferOutput<typeof config>;

/** Of one source. */
interface Source {
  readonly listener: ClassListener;
  /** What began and has not ended, by class. */
  readonly heard: Map<string, Heard>;
  begun: boolean;
  /** Blocks of a source are heard one after the other, also where the node runs several at once. */
  turn: Promise<void>;
}

/** The mean square of four samples: `powerModel()` of test/support/onnx_models.ts. */
const POWER =
  "CAcSCXNjaG5pdHplbDqzAQolCgdzYW1wbGVzCgdzYW1wbGVzEgVtdWxfMRoFbXVsXzEiA011bAo/CgVtdWxfMRIFcG93ZXIaBXBvd2VyIgpSZWR1Y2VNZWFuKgsKBGF4ZXNAAaABByoPCghrZWVwZGltcxgBoAECEgVwb3dlclokCgdzYW1wbGVzEhkKFwgBEhMKBxIFYmF0Y2gKCBIGbGVuZ3RoYhwKBXBvd2VyEhMKEQgBEg0KBxIFYmF0Y2gKAggBQgQKABAN";

const four = (sample_idx: number, sample: number) => ({
  kind: "audio",
  source_id: "hall",
  ts: `2026-01-01T06:00:00.00${sample_idx}000Z`,
  payload: { sample_rate: 1_000, channels: 1, samples: new Float32Array(4).fill(sample), sample_idx },
});

const power = (sample_idx: number, confidence: number) => ({
  kind: "classification",
  ts: four(sample_idx, 0).ts,
  payload: { sample_idx, classes: [{ class_id: 0, class_name: "noise", confidence }] },
});

export const audioClassifier = defineNode({
  name: "audio_classifier",
  kind: "compute",
  doc: `Says what is heard, with any ONNX model on windows of samples: sounds, words that wake, machines.

The first of \`stages\` takes \`window\` samples every \`hop\`. A wake word of openWakeWord has three: samples become rows
of a spectrum (\`width: 32\`), 76 of those an embedding, 16 embeddings one probability; docs/audio.md has the config. By
\`classes\` leave the classes of each window, the likeliest first. By \`out\` leave packets of kind \`sound\` when a class
begins to be heard and when it ends, which [audio_event](audio_event.md) makes events of. Takes one channel.`,
  config,
  inputs: { in: port("audio", "Sound of one channel.", "inproc_any") },
  outputs: {
    out: port("sound", "Begin and end of each class.", "json_portable"),
    classes: port("classification", "Probabilities of each window.", "json_portable"),
  },
  examples: [
    {
      title: "A model that tells the power of a sound",
      config: {
        stages: [{ model: "power.onnx", window: 4 }],
        ...{ sample_rate: 1_000, class_names: ["noise"], threshold: 0.2, min_pause_ms: 4, backend: "wasm" },
      },
      files: { "power.onnx": Uint8Array.fromBase64(POWER) },
      input: [four(0, 0), four(4, 0.5), four(8, 0)],
      output: {
        out: [
          { kind: "sound", source_id: "hall", ts: four(4, 0).ts },
          { kind: "sound", source_id: "hall", ts: four(8, 0).ts },
        ],
        classes: [power(0, 0), power(4, 0.25), power(8, 0)],
      },
    },
  ],
  check: ({ stages, threshold, end_threshold }): ConfigIssue[] => [
    ...stages.flatMap(({ window, hop = window }, at) =>
      hop > window ? [{ path: ["stages", at, "hop"], message: `it is at most window (${window})` }] : [],
    ),
    ...(end_threshold !== undefined && end_threshold > threshold
      ? [{ path: ["end_threshold"], message: `it must not be above threshold (${threshold}): it is ${end_threshold}` }]
      : []),
  ],
  create(options, context) {
    const models: Model[] = [];
    const counts = { windows_total: 0, sounds_total: 0, gaps_total: 0 };
    const sources = new PerSource<Source>(MAX_SOURCES, () => ({
      ...{ listener: new ClassListener(options, models), heard: new Map(), begun: false, turn: Promise.resolve() },
    }));
    const tell = (turn: ClassTurn, source: Source, from: From, emit: Emit<"out" | "classes">) => {
      const { made, heard } = changePacket(turn, source.heard.get(turn.sound), from, context);
      if (turn.state === "start") {
        counts.sounds_total += 1;
        source.heard.set(turn.sound, heard);
      } else source.heard.delete(turn.sound);
      emit.out(made);
    };
    const hear = async (source: Source, from: From, emit: Emit<"out" | "classes">) => {
      const { packet, audio } = from;
      const cut = source.listener.take(audio);
      if (cut !== undefined && source.begun) counts.gaps_total += 1;
      source.begun = true;
      for (const turn of cut ?? []) tell(turn, source, from, emit);
      for (const { sampleIdx, classes, turns } of await source.listener.hear(audio)) {
        counts.windows_total += 1;
        const { source_id } = packet;
        const ts = timeOf(sampleIdx, packet, audio);
        const payload = { sample_idx: sampleIdx, classes };
        emit.classes(
          context.packet({ kind: "classification", ts, source_id, payload, meta: { sample_idx: sampleIdx } }),
        );
        for (const turn of turns) tell(turn, source, from, emit);
      }
    };
    return {
      async open() {
        for (const { model } of options.stages) {
          models.push(await context.inference.open(modelOptions({ ...options, model, batch: 1 })));
        }
      },
      process(packet, emit) {
        const audio = heardBy(packet, options);
        const source = sources.of(packet.source_id);
        const now = source.turn.then(() => hear(source, { packet, audio }, emit));
        // The next block waits, and does not fail with this one.
        source.turn = now.catch(() => {});
        return now;
      },
      async close() {
        for (const model of models.splice(0)) await model.release();
      },
      metrics: () => ({ ...models.at(-1)?.metrics(), ...counts, ...sources.metrics() }),
    };
  },
});

interface From {
  packet: StreamPacket;
  audio: Audio;
}

function heardBy({ payload }: StreamPacket, { sample_rate }: AudioClassifierConfig): Audio {
  const audio = audioOf(payload);
  if (audio.sample_rate === sample_rate && audio.channels === 1) return audio;
  throw new TypeError(
    `cannot hear a sound of ${audio.sample_rate} Hz and ${audio.channels} channels: the model takes ${sample_rate} Hz (sample_rate) and one; put resample before it`,
  );
}
