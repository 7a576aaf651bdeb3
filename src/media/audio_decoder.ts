import type { Child, NodeContext } from "../node/index.ts";
import { audioArgv } from "./audio_argv.ts";
import type { AudioBlock, AudioSpec, SoundFacts } from "./audio_spec.ts";
import { complaintsOf, hideCredentials } from "./complaints.ts";
import { DecodeError } from "./decode_error.ts";
import { openedChild } from "./opened_child.ts";
import { ReadyBlocks } from "./ready_blocks.ts";
import { SampleBlocks } from "./sample_blocks.ts";
import { soundFacts, soundMeaning } from "./sound_facts.ts";

export type { AudioBlock, AudioSpec, SoundFacts } from "./audio_spec.ts";

/** The sound of one input, decoded by a child process. */
export interface AudioDecoder {
  readonly info: SoundFacts;
  /**
   * The blocks, once, as many at a time as came together. Ends with the input; throws a {@link DecodeError} with
   * ffmpeg's own words when ffmpeg failed. What the end of a live input means is for its source to say.
   */
  blocks(): AsyncIterable<readonly AudioBlock[]>;
  /** Blocks of a live input that nobody took in time, and samples that were NaN or infinite and are silence now. */
  readonly dropped: { readonly not_taken: number; readonly not_finite: number };
  /** What ffmpeg complained about so far, newest last; credentials hidden. */
  complaints(): readonly string[];
  /** Ends ffmpeg. */
  close(): Promise<void>;
}

/** Sound of a live input that may wait to be taken: what a node needs for a pause, such as to load a model. */
const LIVE_READY_SEC = 10;

const NO_SOUND = "there is no sound in it, or none in the part that was asked for";

/**
 * Starts ffmpeg and waits for the first samples, so that what is opened is known to decode. Rejects with a
 * {@link DecodeError}; when `signal` aborts first, too.
 */
export const openAudio = (
  context: Pick<NodeContext, "spawn" | "ffmpeg">,
  spec: AudioSpec,
  signal: AbortSignal,
): Promise<AudioDecoder> =>
  openedChild(
    context,
    spec.ffmpeg,
    (ffmpeg) => audioArgv(ffmpeg, spec),
    (child) => new FfmpegAudio(child, spec),
    signal,
  );

class FfmpegAudio implements AudioDecoder {
  info!: SoundFacts;
  readonly #child: Child;
  readonly #spec: AudioSpec;
  readonly #cutter: SampleBlocks;
  readonly #ready: ReadyBlocks;
  readonly #read: AsyncGenerator<readonly AudioBlock[]>;
  #first: readonly AudioBlock[] = [];
  #closed = false;

  constructor(child: Child, spec: AudioSpec) {
    const { blockLength, channels, sampleRate } = spec;
    this.#child = child;
    this.#spec = spec;
    this.#cutter = new SampleBlocks(blockLength, channels);
    this.#ready = new ReadyBlocks(Math.ceil((LIVE_READY_SEC * sampleRate) / blockLength));
    this.#read = this.#blocks();
  }

  get dropped() {
    return { not_taken: this.#ready.dropped, not_finite: this.#cutter.notFinite };
  }

  async open() {
    const step = await this.#read.next();
    if (step.done) throw this.#error(NO_SOUND);
    this.#first = step.value;
    this.info = soundFacts(this.#child.stderrTail(), this.#spec.track);
    this.#checkChannel();
    if (this.#spec.live) void this.#pump();
  }

  complaints() {
    return complaintsOf(this.#child.stderrTail());
  }

  async *blocks() {
    if (!this.#spec.live) {
      yield this.#first;
      yield* this.#read;
      return;
    }
    for (let block = await this.#ready.take(); block !== undefined; block = await this.#ready.take()) yield [block];
  }

  async close() {
    this.#closed = true;
    // Killed before the pipe is given back: it would complain about a reader that went away.
    this.#child.kill();
    this.#ready.end();
    await this.#child.exited;
  }

  /** A live pipe is read whether or not somebody takes what comes: ffmpeg must not fall behind. */
  async #pump() {
    try {
      for (const block of this.#first) this.#ready.put(block);
      for await (const blocks of this.#read) for (const block of blocks) this.#ready.put(block);
      this.#ready.end();
    } catch (error) {
      this.#ready.end(error as Error);
    }
  }

  async *#blocks(): AsyncGenerator<readonly AudioBlock[]> {
    for await (const chunk of this.#child.stdout) {
      const full = this.#placed(this.#cutter.push(chunk));
      if (full.length > 0) yield full;
    }
    const rest = this.#cutter.rest();
    if (rest !== undefined && !this.#spec.live) yield this.#placed([rest]);
    if (!this.#closed) await this.#checkExit();
  }

  #placed(blocks: readonly Float32Array[]): AudioBlock[] {
    return blocks.flatMap((samples) => {
      const sampleIdx = this.#spec.place(samples.length / this.#spec.channels);
      return sampleIdx === undefined ? [] : [{ samples, sampleIdx }];
    });
  }

  /** Why it came to an end, in ffmpeg's own words. */
  async #checkExit() {
    const { code, signal } = await this.#child.exited;
    if (code === 0) return;
    throw this.#error(`ffmpeg ${code === null ? `was ended by ${signal}` : `ended with code ${code}`}`);
  }

  /** ffmpeg gives silence for a channel that is not there. */
  #checkChannel() {
    const { channel } = this.#spec;
    const { channels } = this.info;
    if (channel === undefined || channels === undefined || channel < channels) return;
    const last = `the last one of its ${channels} channels is ${channels - 1}`;
    throw this.#error(`there is no channel ${channel}: ${last}`);
  }

  #error(reason: string): DecodeError {
    const stderr = this.#child.stderrTail();
    const complaints = complaintsOf(stderr);
    const meaning = soundMeaning(complaints, soundFacts(stderr, this.#spec.track));
    return new DecodeError(hideCredentials(this.#spec.name), reason, complaints, { meaning });
  }
}
