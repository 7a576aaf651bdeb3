import { remux } from "../../media/index.ts";
import type { NodeContext } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import type { ClipConfig } from "./clip_config.ts";
import { type Footage, NoFootage, type Span } from "./footage.ts";

/** A video file that is played by the graph as well. Its time line is the place in the file. */
export class FileFootage implements Footage {
  readonly ending: string;
  readonly #options: ClipConfig;
  readonly #context: NodeContext;
  readonly #file: string;
  #upToMs = Number.NEGATIVE_INFINITY;
  /** Rounds over a file that is played again and again. */
  #round = 0;

  constructor(options: ClipConfig & { record: string }, context: NodeContext) {
    this.#options = options;
    this.#context = context;
    this.#file = context.files.resolve(options.record);
    this.ending = `.${options.container}`;
  }

  async open() {
    if (!this.#context.files.exists(this.#file)) {
      throw new Error(`cannot cut clips from ${this.#file}: there is no such file; set record to the graph's video`);
    }
    await this.#context.ffmpeg(this.#options.ffmpeg);
  }

  see({ meta }: StreamPacket) {
    const { pos_msec } = meta;
    if (typeof pos_msec !== "number") return;
    if (pos_msec < this.#upToMs) this.#round += 1;
    this.#upToMs = pos_msec;
  }

  find({ meta }: StreamPacket) {
    const { pos_msec } = meta;
    return typeof pos_msec === "number" ? { stream: String(this.#round), atMs: pos_msec } : undefined;
  }

  /** A round that is over has come to its end. */
  upToMs = (stream: string) => (stream === String(this.#round) ? this.#upToMs : Number.POSITIVE_INFINITY);

  need = () => () => {};

  bytes = () => 0;

  async write(_stream: string, span: Span, file: string, signal: AbortSignal) {
    const fromMs = Math.max(0, span.fromMs);
    const { container, ffmpeg } = this.#options;
    try {
      const made = await remux(
        this.#context,
        {
          input: ["-ss", (fromMs / 1_000).toFixed(3), "-i", `file:${this.#file}`],
          video: ["-c:v", "copy"],
          lengthMs: span.toMs - fromMs,
          ...{ container, file, ffmpeg },
        },
        signal,
      );
      // It begins with a key frame, so sooner than asked for; shorter it is at the ends of the file only.
      const whole = span.fromMs >= 0 && made.durationMs >= span.toMs - fromMs - 100;
      return { ...made, whole, fromMs };
    } catch (error) {
      if (/no picture in it/.test((error as Error).message)) throw new NoFootage("the file ends before");
      throw error;
    }
  }

  async end() {}
  clear() {}
  metrics = () => ({});
}
