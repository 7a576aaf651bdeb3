import type { Child, NodeContext } from "../node/index.ts";
import { type Frame, frameBytes, frameStride } from "../packet/index.ts";
import { complaintsOf, hideCredentials } from "./complaints.ts";
import { decodeArgv } from "./decode_argv.ts";
import { DecodeError, MAX_PIXELS, tooLarge } from "./decode_error.ts";
import type { DecodedFrame, DecodeSpec, StreamInfo } from "./decode_spec.ts";
import { FramePool } from "./frame_pool.ts";
import { FramePump } from "./frame_pump.ts";
import { type NutHead, NutReader } from "./nut_reader.ts";
import { openedChild } from "./opened_child.ts";
import { streamFacts } from "./stream_facts.ts";

export type { DecodedFrame, DecodeSpec, PictureChanges, RawFormat, StreamInfo } from "./decode_spec.ts";
export { DecodeError };

export type DecoderContext = Pick<NodeContext, "spawn" | "ffmpeg">;

/** Pictures of one input, decoded by a child process. */
export interface Decoder {
  readonly info: StreamInfo;
  /**
   * The frames, once. Ends with the input; throws a {@link DecodeError} with ffmpeg's own words when ffmpeg failed.
   * What the end of a live input means is for its source to say.
   */
  frames(): AsyncIterable<DecodedFrame>;
  /** Frames given up so far, by reason: of live inputs `no_free_frame` and `not_taken`. */
  readonly dropped: Readonly<Record<"no_free_frame" | "not_taken", number>>;
  /** What ffmpeg complained about so far, newest last; credentials hidden. */
  complaints(): readonly string[];
  /** Makes the payload of a decoded frame. */
  frame(decoded: DecodedFrame, frameIdx: number): Frame;
  /** Ends ffmpeg. Frames that were not taken are given back. */
  close(): Promise<void>;
}

/**
 * Starts ffmpeg and waits for the first picture, so that what is opened is known to decode.
 *
 * A picture that comes in another size than the first is scaled to the size of the first: nodes behind rely on one
 * size, and zones are drawn for it. Rejects with a {@link DecodeError}; when `signal` aborts first, too.
 */
export const openDecoder = (context: DecoderContext, spec: DecodeSpec, signal: AbortSignal): Promise<Decoder> =>
  openedChild(
    context,
    spec.ffmpeg,
    (ffmpeg) => decodeArgv(ffmpeg, spec),
    (child) => new FfmpegDecoder(child, spec),
    signal,
  );

const NO_PICTURE = "there is no picture in it, or none in the part that was asked for";

class FfmpegDecoder implements Decoder {
  info!: StreamInfo;
  readonly #child: Child;
  readonly #spec: DecodeSpec;
  readonly #reader: NutReader;
  readonly #closing = new AbortController();
  #pump!: FramePump;

  constructor(child: Child, spec: DecodeSpec) {
    this.#child = child;
    this.#spec = spec;
    this.#reader = new NutReader(child.stdout);
  }

  async open() {
    const head = await this.#reader.head().catch((error: Error) => this.#fail(error.message));
    if (head === undefined) return this.#fail();
    this.#pump = new FramePump(this.#reader, head, this.#spec, this.#makePool(head));
    void this.#run();
    if (!(await this.#pump.ready.some())) throw this.#error(NO_PICTURE);
    const { width, height, fps } = head;
    this.#checkCrop(streamFacts(this.#child.stderrTail()));
    this.info = { width, height, format: this.#spec.format, fps, ...streamFacts(this.#child.stderrTail()) };
  }

  get dropped() {
    return this.#pump.dropped;
  }

  complaints() {
    const cut = this.#pump.truncated ? ["the last picture was cut off"] : [];
    return [...complaintsOf(this.#child.stderrTail()), ...cut];
  }

  async *frames() {
    const { ready } = this.#pump;
    for (let next = await ready.next(); next !== undefined; next = await ready.next()) yield next;
  }

  frame({ slot }: DecodedFrame, frameIdx: number): Frame {
    const { width, height, format } = this.info;
    return { width, height, format, stride: frameStride(format, width), data: slot.data, frame_idx: frameIdx };
  }

  async close() {
    this.#closing.abort();
    // Killed before the pipe is given back: it would complain about a reader that went away.
    this.#child.kill();
    this.#reader.close();
    this.#pump?.ready.clear();
    await this.#child.exited;
  }

  async #run() {
    const { signal } = this.#closing;
    try {
      await this.#pump.run(signal);
      if (!signal.aborted) await this.#checkExit();
      this.#pump.ready.end();
    } catch (error) {
      this.#pump.ready.end(error as Error);
    }
  }

  async #checkExit() {
    const { code } = await this.#child.exited;
    if (code !== 0) await this.#fail();
  }

  /** ffmpeg would move the part to where it fits, and zones would be drawn for another one. */
  #checkCrop({ source, rotation }: Pick<StreamInfo, "source" | "rotation">) {
    const { crop } = this.#spec.changes ?? {};
    if (crop === undefined || source === undefined) return;
    const [width, height] = rotation % 180 === 0 ? [source.width, source.height] : [source.height, source.width];
    if (crop.x + crop.width <= width && crop.y + crop.height <= height) return;
    const part = `${crop.width}x${crop.height} at ${crop.x},${crop.y}`;
    throw this.#error(`crop takes ${part}, and its pictures have ${width}x${height}`);
  }

  #makePool({ width, height }: NutHead): FramePool {
    const { format, frames, pool } = this.#spec;
    if (width < 1 || height < 1) throw this.#error("its pictures have no size");
    if (width * height > MAX_PIXELS) throw this.#error(tooLarge({ width, height }));
    const bytes = frameBytes(format, width, height);
    return pool?.(bytes) ?? new FramePool(bytes, frames);
  }

  /** Why it came to an end, in ffmpeg's own words. */
  async #fail(reason?: string): Promise<never> {
    const exit = await this.#child.exited;
    const how = exit.code === null ? `was ended by ${exit.signal}` : `ended with code ${exit.code}`;
    if (reason === undefined && exit.code === 0) throw this.#error(NO_PICTURE);
    throw this.#error(reason ?? `ffmpeg ${how}`);
  }

  #error(reason: string): DecodeError {
    const stderr = this.#child.stderrTail();
    return new DecodeError(hideCredentials(this.#spec.name), reason, complaintsOf(stderr), streamFacts(stderr));
  }
}
