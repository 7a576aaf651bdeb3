import type { FrameFormat } from "../packet/index.ts";
import type { FramePool, PooledSlot } from "./frame_pool.ts";

export type RawFormat = Exclude<FrameFormat, "jpeg">;

/** What ffmpeg does to each picture before it is handed over, in this order. Pixels. */
export interface PictureChanges {
  /** At most so many pictures a second, chosen by their own times; none is shown twice. */
  fps?: number;
  /** Every n-th picture, from number `offset` on. Excludes `fps`. */
  every?: { n: number; offset: number };
  crop?: { x: number; y: number; width: number; height: number };
  /** Degrees, clockwise. */
  rotate?: 90 | 180 | 270;
  /** One of both may be left out: the aspect is kept then. */
  size?: { width?: number; height?: number; fit: "stretch" | "inside" | "letterbox" };
}

export interface DecodeSpec {
  /** What ffmpeg reads: options of the input, `-i`, and the input. */
  input: readonly string[];
  /** What errors call the input; credentials are hidden in it and in what ffmpeg says. */
  name: string;
  /** As configured; see `FindFfmpeg`. */
  ffmpeg?: string;
  format: RawFormat;
  /** Slots of the pool. */
  frames: number;
  changes?: PictureChanges;
  /**
   * True for live inputs: the pipe is always read, at most two frames wait to be taken, and the newest ones win;
   * {@link Decoder.dropped} counts the others. False: nothing is lost, and ffmpeg waits.
   */
  live: boolean;
  /** Gives the pool for frames of this many bytes, so that a source that opens again can keep its own. */
  pool?: (bytes: number) => FramePool;
}

/** What is known of the stream. */
export interface StreamInfo {
  /** Of the frames that are handed over. */
  readonly width: number;
  readonly height: number;
  readonly format: RawFormat;
  /** As the container says; undefined when it does not. */
  readonly fps: number | undefined;
  /** `h264`, `mjpeg`, … */
  readonly codec: string | undefined;
  /** Before any change. */
  readonly source: { readonly width: number; readonly height: number; readonly pixelFormat: string } | undefined;
  readonly durationMs: number | undefined;
  /** Turned upright already, by so many degrees. */
  readonly rotation: number;
  readonly hasAudio: boolean;
}

/** A frame whose slot the taker holds, and must release. */
export interface DecodedFrame {
  readonly slot: PooledSlot;
  /** Number in this stream, from 0, frames that were given up counted; with `every`, the stream's own number. */
  readonly index: number;
  /** Exact position in the stream, milliseconds from its start. */
  readonly posMs: number;
}
