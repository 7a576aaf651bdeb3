import * as path from "node:path";
import { bytesOf } from "../../base/byte_size.ts";
import {
  CONCAT_INPUT,
  cameraAddress,
  concatList,
  fromMs,
  Recorder,
  remux,
  SegmentRing,
  toMs,
} from "../../media/index.ts";
import type { NodeContext } from "../../node/index.ts";
import { eventTimeMs, type StreamPacket } from "../../packet/index.ts";
import { type ClipConfig, LIVE_SCHEMES } from "./clip_config.ts";
import { type Footage, LATE_SEC, NoFootage, type Span } from "./footage.ts";

/** What an RTSP camera sent, as it came. Its time line is the wall clock, and there is one stream. */
export class LiveFootage implements Footage {
  readonly ending: string;
  readonly #options: ClipConfig;
  readonly #context: NodeContext;
  readonly #ring: SegmentRing;
  readonly #recorder: Recorder;

  constructor(options: ClipConfig & { record: string }, context: NodeContext, room: () => void, onGrown: () => void) {
    this.#options = options;
    this.#context = context;
    this.ending = `.${options.container}`;
    const folder = context.files.resolve(options.buffer_dir ?? path.join(options.dir, ".buffer"));
    this.#ring = new SegmentRing({
      folder,
      keepMs: (options.pre_sec + LATE_SEC) * 1_000,
      maxBytes: bytesOf(options.buffer_bytes),
      files: context.files,
    });
    const address = cameraAddress(options.record, LIVE_SCHEMES, options);
    const { transport, audio, ffmpeg } = options;
    this.#recorder = new Recorder({ address, transport, audio, ffmpeg, room, onSegment: onGrown }, this.#ring, context);
  }

  async open() {
    // A run without ffmpeg is refused at its start.
    await this.#context.ffmpeg(this.#options.ffmpeg);
    this.#recorder.start();
  }

  see() {}

  find(event: StreamPacket) {
    return { stream: "", atMs: eventTimeMs(event) };
  }

  upToMs = () => this.#ring.upToMs;

  need = (_stream: string, fromMs: number) => this.#ring.need(fromMs);

  bytes = (_stream: string, span: Span) => this.#ring.cover(span).reduce((sum, { bytes }) => sum + bytes, 0);

  async write(_stream: string, span: Span, file: string, signal: AbortSignal) {
    const segments = this.#ring.cover(span);
    const [first, last] = [segments[0], segments.at(-1)];
    if (first === undefined || last === undefined) throw new NoFootage("the camera was not recorded then");
    const { container, ffmpeg } = this.#options;
    const made = await remux(
      this.#context,
      {
        input: CONCAT_INPUT,
        stdin: () => [concatList(segments)],
        video: ["-c:v", "copy"],
        lengthMs: span.toMs - fromMs(first),
        ...{ container, file, ffmpeg },
      },
      signal,
    );
    const whole = fromMs(first) <= span.fromMs && toMs(last) >= span.toMs;
    return { ...made, whole, fromMs: fromMs(first) };
  }

  end = () => this.#recorder.close();

  clear() {
    this.#ring.clear();
  }

  metrics() {
    return { ...this.#recorder.metrics(), ...this.#ring.metrics() };
  }
}
