import {
  type AudioBlock,
  type AudioDecoder,
  type Feed,
  LiveSource,
  type LiveWords,
  openAudio,
  type Probe,
} from "../../media/index.ts";
import type { Ffmpeg, NodeContext, SourceInstance } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import { isoMicros } from "../frame_time.ts";
import { keyEpochs, supervision } from "../live_config.ts";
import { type AudioSourceConfig, blockLength } from "./audio_source_config.ts";
import { SoundTime } from "./sound_time.ts";

/** What one kind of live sound has of its own. */
export interface LiveInput {
  readonly words: LiveWords;
  /** What people are shown; no secrets. */
  readonly name: string;
  /** ffmpeg's options of the input, `-i`, and the input. */
  readonly input: (ffmpeg: Ffmpeg, fast: boolean) => readonly string[];
  readonly hide: (text: string) => string;
  readonly probe?: Probe;
}

/** Sound has no pixels that could stand still. */
interface Heard extends AudioBlock {
  readonly slot?: undefined;
}

/** An open connection, as the supervisor of live sources sees it. */
type SoundFeed = Feed<Heard> & Pick<AudioDecoder, "dropped">;

/** The source `audio_source` of a microphone, a camera or a server. */
export class LiveSound implements SourceInstance {
  readonly #options: AudioSourceConfig;
  readonly #input: LiveInput;
  readonly #context: NodeContext;
  readonly #sourceId: string;
  readonly #live: LiveSource<SoundFeed>;
  readonly #time: SoundTime;
  readonly #keyEpoch: (epoch: number) => string;
  readonly #dropped = { not_taken: 0, not_finite: 0 };
  #current: SoundFeed | undefined;
  #sent = 0;

  constructor(options: AudioSourceConfig, input: LiveInput, context: NodeContext) {
    this.#options = options;
    this.#input = input;
    this.#context = context;
    this.#sourceId = options.source_id ?? context.nodeId;
    this.#time = new SoundTime(options.sample_rate);
    this.#live = new LiveSource(this.#plan(), context);
    this.#keyEpoch = keyEpochs(options, context.clock.nowMs());
  }

  /** A run without ffmpeg, or with one that knows no microphones, is refused at its start. */
  async open() {
    this.#input.input(await this.#context.ffmpeg(this.#options.ffmpeg), true);
  }

  async *run(signal: AbortSignal) {
    for await (const { decoded, epoch } of this.#live.frames(signal)) {
      yield this.#packet(decoded, epoch);
      if (this.#sent === this.#options.max_blocks) return;
    }
  }

  metrics() {
    const { freezes_total: _, ...counts } = this.#live.counts;
    return {
      blocks_total: this.#sent,
      ...counts,
      ...this.#time.counts,
      epoch: this.#live.epoch,
      streaming: this.#live.state === "streaming" ? 1 : 0,
      dropped_not_taken_total: this.#dropped.not_taken + (this.#current?.dropped.not_taken ?? 0),
      not_finite_total: this.#dropped.not_finite + (this.#current?.dropped.not_finite ?? 0),
    };
  }

  #plan() {
    const options = this.#options;
    return {
      name: this.#input.name,
      words: this.#input.words,
      open: (fast: boolean, signal: AbortSignal) => this.#open(fast, signal),
      hide: this.#input.hide,
      ...supervision(options),
      probe: options.probe_sec === 0 ? undefined : this.#input.probe,
      firstFrameMs: options.first_sound_sec * 1_000,
      stallMs: options.stall_sec * 1_000,
      // Silence may last for ever.
      frozenMs: 0,
    };
  }

  async #open(fast: boolean, signal: AbortSignal): Promise<SoundFeed> {
    const { sample_rate, channels, channel, track, ffmpeg } = this.#options;
    const { clock } = this.#context;
    const found = await this.#context.ffmpeg(ffmpeg);
    this.#time.open();
    const spec = {
      input: this.#input.input(found, fast),
      ...{ name: this.#input.name, track, sampleRate: sample_rate, channels, channel },
      ...{ blockLength: blockLength(this.#options), live: true },
      place: (length: number) => this.#time.place(length, clock.nowMs(), clock.monotonicMs()),
      ...(ffmpeg === undefined ? {} : { ffmpeg }),
    };
    const decoder = await openAudio(this.#context, spec, signal);
    this.#begin(decoder);
    return this.#current!;
  }

  /** Counts go on over a new connection. */
  #begin(decoder: AudioDecoder) {
    this.#dropped.not_taken += this.#current?.dropped.not_taken ?? 0;
    this.#dropped.not_finite += this.#current?.dropped.not_finite ?? 0;
    const { codec } = decoder.info;
    this.#current = {
      info: codec === undefined ? {} : { codec },
      frames: () => eachOf(decoder),
      complaints: () => decoder.complaints(),
      close: () => decoder.close(),
      get dropped() {
        return decoder.dropped;
      },
    };
  }

  #packet({ samples, sampleIdx: sample_idx }: AudioBlock, epoch: number): StreamPacket {
    const { sample_rate, channels } = this.#options;
    this.#sent += 1;
    return this.#context.packet({
      kind: "audio",
      source_id: this.#sourceId,
      ts: isoMicros(this.#time.startMs!, (sample_idx * 1_000) / sample_rate),
      payload: { sample_rate, channels, samples, sample_idx },
      meta: {
        idempotency_key: `audio:${this.#sourceId}:${this.#keyEpoch(epoch)}:${sample_idx}`,
        sample_idx,
        epoch,
      },
    });
  }
}

async function* eachOf(decoder: AudioDecoder): AsyncGenerator<Heard> {
  for await (const blocks of decoder.blocks()) yield* blocks;
}
