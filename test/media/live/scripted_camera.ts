import { seededRandom } from "../../../src/base/random.ts";
import type { DecodedFrame } from "../../../src/media/decode_spec.ts";
import type { Decoder } from "../../../src/media/decoder.ts";
import { FramePool } from "../../../src/media/frame_pool.ts";
import type { LiveFrame, LivePlan } from "../../../src/media/live/live_source.ts";
import { LiveSource } from "../../../src/media/live/live_source.ts";
import { type TestContext, testContext } from "../../support/node.ts";

/** What a start of ffmpeg finds: a reason to fail, or pictures until it is told otherwise. */
export type Found = { fail: string } | "pictures" | "hangs" | "late";

/** A camera and ffmpeg of which a test says what they do, in virtual time, and the source that looks at them. */
export class ScriptedCamera {
  found: Found;
  reachable = true;
  /** When ffmpeg was started, virtual milliseconds. */
  readonly starts: number[] = [];
  readonly probes: number[] = [];
  /** Whether each start was a fast one. */
  readonly fast: boolean[] = [];
  readonly got: { epoch: number; atMs: number }[] = [];
  readonly context: TestContext;
  readonly source: LiveSource;
  readonly ended: Promise<Error | undefined>;
  /** Decoders that are open now. */
  open = 0;
  readonly #abort = new AbortController();
  #current: Reel | undefined;

  constructor(changes: Partial<LivePlan> = {}, { found = "pictures" as Found, context = testContext() } = {}) {
    this.found = found;
    this.context = context;
    Object.assign(this.context, { random: seededRandom(7) });
    const plan: LivePlan = {
      name: "rtsp://cam/1",
      open: (fast, signal) => this.#open(fast, signal),
      hide: (text) => text,
      probe: async () => {
        this.probes.push(this.nowMs);
        return this.reachable;
      },
      policy: { reconnect: true, backoffMs: 1_000, backoffMaxMs: 60_000, maxAttempts: 0, jitter: true, restMs: 60_000 },
      probeMs: 5_000,
      timeoutMs: 5_000,
      firstFrameMs: 30_000,
      stallMs: 10_000,
      frozenMs: 0,
      expectedOffline: () => false,
      ...changes,
    };
    this.source = new LiveSource(plan, this.context);
    this.ended = this.#take();
  }

  get nowMs(): number {
    return this.context.clock.monotonicMs();
  }

  /** Lets time go by, in steps small enough that what follows from each is done. */
  async pass(ms: number, stepMs = 100) {
    for (let left = ms; left > 0; left -= stepMs) {
      this.context.clock.advance(Math.min(stepMs, left));
      await settled();
    }
  }

  /** ffmpeg hands over a picture of `value`. */
  async picture(value = this.got.length % 256) {
    this.#current?.push(value);
    await settled();
  }

  /** The stream breaks off, with ffmpeg's words or, as when a server dies, without. */
  async cut(words?: string) {
    this.#current?.end(words);
    await settled();
  }

  async stop(): Promise<Error | undefined> {
    this.#abort.abort();
    return this.ended;
  }

  logged(level: string): string[] {
    return this.context.logged.filter((line) => line.level === level).map(({ message }) => message);
  }

  async #take(): Promise<Error | undefined> {
    try {
      for await (const frame of this.source.frames(this.#abort.signal)) this.#got(frame);
      return undefined;
    } catch (error) {
      return error as Error;
    }
  }

  #got({ decoded, epoch }: LiveFrame) {
    this.got.push({ epoch, atMs: this.nowMs });
    decoded.slot.release();
  }

  async #open(fast: boolean, signal: AbortSignal): Promise<Decoder> {
    this.starts.push(this.nowMs);
    this.fast.push(fast);
    const { found } = this;
    if (typeof found === "object") throw new Error(found.fail);
    if (found === "late") {
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      throw new Error("aborted");
    }
    this.open += 1;
    this.#current = new Reel(() => {
      this.open -= 1;
    });
    if (found === "pictures") this.#current.push(this.got.length % 256);
    return this.#current;
  }
}

/** Pending promises have run. */
export const settled = async () => {
  for (let turns = 0; turns < 30; turns++) await Promise.resolve();
};

/** A decoder that gives what it is told to. */
class Reel implements Decoder {
  readonly info = {
    ...{ width: 4, height: 2, format: "gray" as const, fps: 25, codec: "h264", source: undefined },
    ...{ durationMs: undefined, rotation: 0, hasAudio: false },
  };
  readonly dropped = { no_free_frame: 0, not_taken: 0 };
  readonly #pool = new FramePool(8, 4);
  readonly #ready: DecodedFrame[] = [];
  readonly #closed: () => void;
  #words: string | undefined;
  #over = false;
  #wake = () => {};

  constructor(closed: () => void) {
    this.#closed = closed;
  }

  push(value: number) {
    const slot = this.#pool.take()!;
    slot.data.fill(value);
    this.#ready.push({ slot, index: 0, posMs: 0 });
    this.#wake();
  }

  end(words: string | undefined) {
    this.#words = words;
    this.#over = true;
    this.#wake();
  }

  async *frames() {
    for (;;) {
      const next = this.#ready.shift();
      if (next !== undefined) yield next;
      else if (this.#words !== undefined) throw new Error(this.#words);
      else if (this.#over) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  complaints() {
    return [];
  }

  frame(decoded: DecodedFrame, frame_idx: number) {
    return { width: 4, height: 2, format: "gray" as const, stride: 4, data: decoded.slot.data, frame_idx };
  }

  async close() {
    this.#over = true;
    this.#wake();
    this.#closed();
  }
}
