import { type AudioBlock, type AudioDecoder, openAudio } from "../../media/index.ts";
import type { NodeContext, SourceInstance } from "../../node/index.ts";
import { parseIsoMs, type StreamPacket } from "../../packet/index.ts";
import { isoMicros } from "../frame_time.ts";
import { realTime } from "../pace.ts";
import { type AudioSourceConfig, blockLength } from "./audio_source_config.ts";

/** The source `audio_source` of a file. */
export class SoundFile implements SourceInstance {
  readonly #options: AudioSourceConfig & { path: string };
  readonly #context: NodeContext;
  readonly #sourceId: string;
  /** Number of the sample at which the part begins that is read. */
  readonly #partIdx: number;
  #decoder: AudioDecoder | undefined;
  #startMs = Number.NaN;
  /** Number of the first sample of the round under way, and of the next sample. */
  #roundIdx: number;
  #nextIdx: number;
  #sent = 0;
  #rounds = 0;
  /** Of the rounds that are over. */
  #notFinite = 0;

  constructor(options: AudioSourceConfig & { path: string }, context: NodeContext) {
    this.#options = options;
    this.#context = context;
    this.#sourceId = options.source_id ?? context.nodeId;
    this.#partIdx = Math.round(options.start_sec * options.sample_rate);
    this.#roundIdx = this.#partIdx;
    this.#nextIdx = this.#partIdx;
  }

  async *run(signal: AbortSignal) {
    const { start_ts, pace } = this.#options;
    this.#startMs = start_ts === undefined ? this.#context.clock.nowMs() : parseIsoMs(start_ts);
    const due = pace === "real_time" ? realTime(this.#context.clock, signal) : undefined;
    do {
      this.#decoder = await this.#open(signal);
      for await (const blocks of this.#decoder.blocks()) {
        if (signal.aborted) break;
        if (due === undefined) yield this.#packets(blocks);
        else yield* this.#paced(blocks, due, signal);
        if (this.#done()) break;
      }
      await this.#endRound(this.#decoder);
    } while (this.#options.loop && !signal.aborted && !this.#done());
  }

  async close() {
    await this.#decoder?.close();
  }

  metrics() {
    return {
      blocks_total: this.#sent,
      samples_total: this.#nextIdx - this.#partIdx,
      rounds_total: this.#rounds,
      not_finite_total: this.#notFinite + (this.#decoder?.dropped.not_finite ?? 0),
    };
  }

  #done(): boolean {
    return this.#options.max_blocks > 0 && this.#sent >= this.#options.max_blocks;
  }

  #open(signal: AbortSignal): Promise<AudioDecoder> {
    const { path, start_sec, end_sec, sample_rate, channels, channel, track, ffmpeg } = this.#options;
    const part = [
      ...(start_sec > 0 ? ["-ss", String(start_sec)] : []),
      ...(end_sec === undefined ? [] : ["-to", String(end_sec)]),
    ];
    const spec = {
      // As a file, also where its name looks like an option or a protocol.
      input: [...part, "-i", `file:${this.#context.files.resolve(path)}`],
      ...{ name: path, track, sampleRate: sample_rate, channels, channel },
      ...{ blockLength: blockLength(this.#options), live: false },
      place: (length: number) => {
        this.#nextIdx += length;
        return this.#nextIdx - length;
      },
      ...(ffmpeg === undefined ? {} : { ffmpeg }),
    };
    return openAudio(this.#context, spec, signal);
  }

  #packets(blocks: readonly AudioBlock[]): StreamPacket[] {
    const { max_blocks } = this.#options;
    const wanted = max_blocks > 0 ? blocks.slice(0, max_blocks - this.#sent) : blocks;
    this.#sent += wanted.length;
    return wanted.map((block) => this.#packet(block));
  }

  async *#paced(blocks: readonly AudioBlock[], due: ReturnType<typeof realTime>, signal: AbortSignal) {
    for (const block of blocks) {
      const wait = due((block.sampleIdx * 1_000) / this.#options.sample_rate);
      if (wait !== undefined) await wait;
      if (signal.aborted || this.#done()) return;
      this.#sent += 1;
      yield this.#packet(block);
    }
  }

  #packet({ samples, sampleIdx: sample_idx }: AudioBlock): StreamPacket {
    const { sample_rate, channels } = this.#options;
    const inPart = sample_idx - this.#roundIdx;
    return this.#context.packet({
      kind: "audio",
      source_id: this.#sourceId,
      ts: isoMicros(this.#startMs, (sample_idx * 1_000) / sample_rate),
      payload: { sample_rate, channels, samples, sample_idx },
      meta: {
        idempotency_key: `audio:${this.#sourceId}:${sample_idx}`,
        sample_idx,
        pos_msec: ((this.#partIdx + inPart) * 1_000) / sample_rate,
      },
    });
  }

  async #endRound(decoder: AudioDecoder) {
    const { not_finite } = decoder.dropped;
    const complaints = decoder.complaints();
    if (complaints.length > 0) this.#context.log.warn("the sound is damaged", { complaints: complaints.slice(-3) });
    if (not_finite > 0) this.#context.log.warn("samples that are no numbers are silence now", { samples: not_finite });
    this.#notFinite += not_finite;
    this.#decoder = undefined;
    this.#roundIdx = this.#nextIdx;
    this.#rounds += 1;
    await decoder.close();
  }
}
