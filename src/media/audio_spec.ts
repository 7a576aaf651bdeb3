export interface AudioSpec {
  /** What ffmpeg reads: options of the input, `-i`, and the input. */
  input: readonly string[];
  /** What errors call the input; credentials are hidden in it and in what ffmpeg says. */
  name: string;
  /** As configured; see `FindFfmpeg`. */
  ffmpeg?: string;
  /** Number of the sound track, from 0. */
  track: number;
  /** Of the blocks. */
  sampleRate: number;
  /** Of the blocks; fewer than the input has are mixed down to their mean. */
  channels: number;
  /** Only this channel of the input, from 0; the blocks have one channel then. */
  channel?: number | undefined;
  /** Samples of each channel in a block; only the last one of an input is shorter. */
  blockLength: number;
  /**
   * True for live inputs: the pipe is always read, and of the blocks that nobody took in time the newest stay;
   * {@link AudioDecoder.dropped} counts the others. False: nothing is lost, and ffmpeg waits.
   */
  live: boolean;
  /** Number of the first sample of a block that was just read, or undefined for one that has no place. */
  place: (length: number) => number | undefined;
}

/** What is known of the sound, from ffmpeg's messages: for people and for hints. */
export interface SoundFacts {
  /** `mp3`, `aac`, `pcm_s16le`, … */
  readonly codec: string | undefined;
  /** Before any change. */
  readonly sampleRate: number | undefined;
  readonly channels: number | undefined;
  readonly hasPictures: boolean;
}

/** A block of samples and its place. */
export interface AudioBlock {
  /** Interleaved, −1…1. */
  readonly samples: Float32Array;
  /** Number of its first sample, counted in one channel. */
  readonly sampleIdx: number;
}
