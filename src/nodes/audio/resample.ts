import * as v from "valibot";
import { defineNode, port } from "../../node/index.ts";
import { type Audio, audioLength, audioOf, eventTimeMs, replace, type StreamPacket } from "../../packet/index.ts";
import { isoMicros } from "../frame_time.ts";
import { MAX_SOURCES, PerSource } from "../per_source.ts";
import { channelOf, interleave, mean } from "./channels.ts";
import { Continuity } from "./continuity.ts";
import { Resampler } from "./resampler.ts";
import { MAX_PHASES, type SincFilter, sincFilter } from "./sinc_filter.ts";

const whole = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

const config = v.strictObject({
  sample_rate: v.pipe(
    v.optional(whole(1_000, 384_000)),
    v.description("Samples a second that are wanted; the sound's own unless given."),
  ),
  channels: v.pipe(
    v.optional(whole(1, 64)),
    v.description("Channels that are wanted: 1 takes the mean of all, more repeat a single one."),
  ),
});

type Config = v.InferOutput<typeof config>;

/** What is under way of one source. */
interface Sound {
  readonly continuity: Continuity;
  filter: SincFilter | undefined;
  resamplers: Resampler[];
  /** Samples that came and that left since the last gap. */
  came: number;
  left: number;
  /** Number of the first that left. */
  firstIdx: number;
}

const block = (sample_idx: number, samples: readonly number[], sample_rate = 8_000) => ({
  kind: "audio",
  source_id: "hall",
  ts: sample_idx === 0 ? "2026-01-01T06:00:00.000000Z" : "2026-01-01T06:00:00.000250Z",
  payload: { sample_rate, channels: 1, samples: Float32Array.from(samples), sample_idx },
});

export const resample = defineNode({
  name: "resample",
  kind: "transform",
  doc: `Changes the rate and the number of channels of a sound.

Between rates lies a windowed-sinc filter of 80 dB: tones up to 0.84 of half the lower rate stay as they are within
0.01 dB, and what the new rate cannot hold is gone. It goes on from block to block: of n samples ⌈n · new / old⌉
leave, however the sound was cut. A sample leaves 32 samples (of the lower rate; 2 ms at 16 kHz) after its own time,
and \`ts\` is its own time, so the first block begins that much before the sound. Where samples are missing it begins
anew. \`audio_source\` with \`sample_rate\` needs no resampling; this node is for other sources and for a second rate.`,
  config,
  inputs: { in: port("audio", "Blocks of samples.", "inproc_any") },
  outputs: { out: port("audio", "The same sound, in blocks of the same times.", "inproc_any") },
  examples: [
    {
      title: "A sound that has the wanted rate passes as it is",
      config: { sample_rate: 8_000, channels: 1 },
      input: [block(0, [0.5, -0.5]), block(2, [0.25])],
      output: { out: [block(0, [0.5, -0.5]), block(2, [0.25])] },
    },
  ],
  check: ({ sample_rate, channels }) =>
    sample_rate === undefined && channels === undefined
      ? [{ path: [], message: "there is nothing to change: set sample_rate, channels or both" }]
      : [],
  create(options) {
    const sounds = new PerSource<Sound>(MAX_SOURCES, () => ({
      ...{ continuity: new Continuity(), filter: undefined, resamplers: [] },
      ...{ came: 0, left: 0, firstIdx: 0 },
    }));
    const counts = { blocks: 0, restarts: 0 };
    return {
      process(packet, emit) {
        const audio = audioOf(packet.payload);
        const sound = sounds.of(packet.source_id);
        const how = sound.continuity.take(audio);
        counts.blocks += 1;
        if (how === "gap" || how === "changed") counts.restarts += 1;
        if (how !== "on") begin(sound, audio, options);
        if (isAsWanted(audio, options)) return emit.out(packet);
        const made = convert(sound, audio, packet, options);
        if (made !== undefined) emit.out(made);
      },
      metrics: () => ({ blocks_total: counts.blocks, restarts_total: counts.restarts, ...sounds.metrics() }),
    };
  },
});

const isAsWanted = (audio: Audio, { sample_rate = audio.sample_rate, channels = audio.channels }: Config) =>
  sample_rate === audio.sample_rate && channels === audio.channels;

/** The first block of a sound, or the first behind a gap. */
function begin(sound: Sound, audio: Audio, options: Config) {
  const { sample_rate: from, channels: came, sample_idx } = audio;
  const { sample_rate: to = from, channels = came } = options;
  const filter = from === to ? undefined : sincFilter(from, to);
  if (from !== to && filter === undefined) throw tooOdd(from, to);
  if (channels !== came && channels !== 1 && came !== 1) throw notMixable(came, channels);
  sound.filter = filter;
  sound.resamplers =
    filter === undefined ? [] : Array.from({ length: Math.min(came, channels) }, () => new Resampler(filter));
  sound.came = 0;
  sound.left = 0;
  // Numbers rise over a gap as those of the sound do.
  const { up, down } = filter ?? { up: 1, down: 1 };
  sound.firstIdx = Number((BigInt(sample_idx) * BigInt(up) + BigInt(down) - 1n) / BigInt(down));
}

function convert(sound: Sound, audio: Audio, packet: StreamPacket, options: Config): StreamPacket | undefined {
  const { sample_rate: from, channels: came, samples } = audio;
  const { sample_rate = from, channels = came } = options;
  // Mixed before and spread behind the filter: it has the fewest to do.
  const mixed = channels === 1 ? mean(samples, came) : samples;
  const held = channels === 1 ? 1 : came;
  const parts = Array.from({ length: held }, (_, at) => channelOf(mixed, held, at));
  const changed = sound.filter === undefined ? parts : parts.map((part, at) => sound.resamplers[at]!.push(part));
  const spread = channels > held ? Array.from({ length: channels }, () => changed[0]!) : changed;
  const { length } = changed[0]!;
  const laterMs = (sound.left / sample_rate - (sound.came + (sound.filter?.delay ?? 0)) / from) * 1_000;
  const sample_idx = sound.firstIdx + sound.left;
  sound.came += audioLength(audio);
  sound.left += length;
  if (length === 0) return undefined;
  const payload: Audio = { sample_rate, channels, samples: interleave(spread), sample_idx };
  const ts = laterMs === 0 ? packet.ts : isoMicros(eventTimeMs(packet), laterMs);
  return replace(packet, { ts, payload, meta: { ...packet.meta, sample_idx } });
}

const tooOdd = (from: number, to: number) =>
  new TypeError(
    `cannot change ${from} Hz to ${to} Hz: their fraction has more than ${MAX_PHASES} parts; choose a rate in use, such as 16000 or 48000`,
  );

const notMixable = (from: number, to: number) =>
  new TypeError(`cannot make ${to} channels of ${from}: take 1, their mean, or as many as there are`);
