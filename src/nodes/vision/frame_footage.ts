import { bytesOf } from "../../base/byte_size.ts";
import { encodeJpeg, matroska, passthroughFlags, remux } from "../../media/index.ts";
import type { NodeContext } from "../../node/index.ts";
import { eventTimeMs, frameOf, type StreamPacket } from "../../packet/index.ts";
import type { ClipConfig } from "./clip_config.ts";
import { type Footage, LATE_SEC, NoFootage, type Span } from "./footage.ts";
import { JpegRing } from "./jpeg_ring.ts";

/** As many sources as `snapshot_sink` keeps frames of. */
const MAX_SOURCES = 64;
/** Pictures that are being encoded: copies of pixels, 3 MB each at 720p, and more threads than that are busy anyway. */
const MAX_ENCODING = 4;
/** A hundredth of the distance: times are rounded. */
const SLACK = 0.99;
/** Encoders that need no hardware, best first. ffmpeg also lists those of hardware that is not there. */
const H264 = ["libx264", "libopenh264"] as const;

/** The graph's own frames, kept as JPEGs. Its time line is the event time, and each source is a stream. */
export class FrameFootage implements Footage {
  ending = ".mkv";
  readonly #options: ClipConfig;
  readonly #context: NodeContext;
  readonly #onGrown: () => void;
  readonly #rings = new Map<string, { ring: JpegRing; keptMs: number }>();
  readonly #counts = { busy: 0, overflowed: 0 };
  #video: readonly string[] = ["-c:v", "copy"];
  #encoding = 0;
  #order = Promise.resolve();

  constructor(options: ClipConfig, context: NodeContext, onGrown: () => void) {
    this.#options = options;
    this.#context = context;
    this.#onGrown = onGrown;
  }

  async open() {
    const { h264, ffmpeg } = this.#options;
    const found = await this.#context.ffmpeg(ffmpeg);
    const encoder = h264 === "never" ? undefined : H264.find((name) => found.can("encoder", name));
    if (encoder === undefined) return;
    const preset = encoder === "libx264" ? ["-preset", "veryfast", "-crf", "23"] : ["-b:v", "4M"];
    // H.264 of this kind has even sizes only; two threads leave the others to the graph.
    const even = "pad=ceil(iw/2)*2:ceil(ih/2)*2,format=yuv420p";
    this.#video = ["-vf", even, ...passthroughFlags(found), "-c:v", encoder, ...preset, "-threads", "2"];
    this.ending = ".mp4";
  }

  /** The pixels are read at once, so the frame is not kept; the encoding is done by another thread. */
  see(packet: StreamPacket) {
    const { source_id } = packet;
    const atMs = eventTimeMs(packet);
    const kept = this.#of(source_id);
    const gapMs = atMs - kept.keptMs;
    if (gapMs >= 0 && gapMs < (1_000 / this.#options.fps) * SLACK) return;
    if (this.#encoding >= MAX_ENCODING) {
      this.#counts.busy += 1;
      return;
    }
    kept.keptMs = atMs;
    const frame = frameOf(packet.payload);
    const { quality, max_width } = this.#options;
    const encoded = encodeJpeg(frame, { quality, ...(max_width === undefined ? {} : { maxWidth: max_width }) });
    this.#encoding += 1;
    const { width, height } = shownSize(frame, max_width);
    const add = (data: Uint8Array) => this.#add(kept.ring, { atMs, width, height, data });
    this.#order = this.#order.then(() => encoded).then(add, (error) => this.#failed(error));
  }

  /** Events may be named after a camera; with one source there is no doubt. */
  find(event: StreamPacket) {
    const [only, another] = this.#rings.keys();
    const stream = this.#rings.has(event.source_id) ? event.source_id : another === undefined ? only : undefined;
    return stream === undefined ? undefined : { stream, atMs: eventTimeMs(event) };
  }

  upToMs = (stream: string) => this.#rings.get(stream)?.ring.upToMs ?? Number.POSITIVE_INFINITY;

  need = (stream: string, fromMs: number) => this.#of(stream).ring.need(fromMs);

  bytes = (stream: string, span: Span) => this.#within(stream, span).reduce((sum, { data }) => sum + data.length, 0);

  async write(stream: string, span: Span, file: string, signal: AbortSignal) {
    const within = this.#within(stream, span);
    const [first] = within;
    if (first === undefined) throw new NoFootage("no frame of it was kept");
    // One file holds one size.
    const pictures = within.filter(({ width, height }) => width === first.width && height === first.height);
    const { ffmpeg } = this.#options;
    const made = await remux(
      this.#context,
      {
        input: ["-f", "matroska", "-i", "pipe:0"],
        stdin: () => matroska(pictures),
        video: this.#video,
        container: this.ending === ".mp4" ? "mp4" : "mkv",
        ...{ file, ffmpeg },
      },
      signal,
    );
    const gapMs = 2_000 / this.#options.fps;
    const whole = first.atMs <= span.fromMs + gapMs && pictures.at(-1)!.atMs >= span.toMs - gapMs;
    return { ...made, whole, fromMs: first.atMs };
  }

  /** What is being encoded is kept yet. */
  end = () => this.#order;

  clear() {
    for (const { ring } of this.#rings.values()) ring.clear();
  }

  metrics() {
    const rings = [...this.#rings.values()].map(({ ring }) => ring);
    return {
      buffered_frames: rings.reduce((sum, { pictures }) => sum + pictures.length, 0),
      buffered_bytes: this.#bytes,
      dropped_encoder_busy_total: this.#counts.busy,
      dropped_buffer_full_total: this.#counts.overflowed,
    };
  }

  get #bytes(): number {
    return [...this.#rings.values()].reduce((sum, { ring }) => sum + ring.bytes, 0);
  }

  #within(stream: string, { fromMs, toMs }: Span) {
    const pictures = this.#rings.get(stream)?.ring.pictures ?? [];
    return pictures.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
  }

  #add(ring: JpegRing, picture: Parameters<JpegRing["add"]>[0]) {
    this.#encoding -= 1;
    ring.add(picture, (this.#options.pre_sec + LATE_SEC) * 1_000);
    const most = bytesOf(this.#options.buffer_bytes);
    for (let left = this.#bytes; left > most; left = this.#bytes) {
      const largest = [...this.#rings.values()].reduce((a, b) => (b.ring.bytes > a.ring.bytes ? b : a));
      if (largest.ring.removeOldest()) this.#counts.overflowed += 1;
    }
    this.#onGrown();
  }

  #failed(error: Error) {
    this.#encoding -= 1;
    this.#context.log.warn("a frame could not be kept for clips", { error: String(error) });
  }

  #of(source: string) {
    const known = this.#rings.get(source);
    if (known !== undefined) return known;
    if (this.#rings.size >= MAX_SOURCES) this.#rings.delete(this.#rings.keys().next().value!);
    const fresh = { ring: new JpegRing(), keptMs: Number.NEGATIVE_INFINITY };
    this.#rings.set(source, fresh);
    return fresh;
  }
}

/** As the encoder makes a picture narrower. */
function shownSize({ width, height }: { width: number; height: number }, maxWidth = width) {
  if (maxWidth >= width) return { width, height };
  return { width: maxWidth, height: Math.round((height * maxWidth) / width) };
}
