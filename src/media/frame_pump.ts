import type { DecodeSpec } from "./decode_spec.ts";
import type { FramePool, PooledSlot } from "./frame_pool.ts";
import type { NutFrame, NutHead, NutReader } from "./nut_reader.ts";
import { ReadyFrames } from "./ready_frames.ts";

/**
 * Live frames that may wait to be taken. Why 2: the one being taken and the newest; every further one would only be
 * older when its turn comes.
 */
const LIVE_READY = 2;

/** Brings pictures from the pipe into slots, and decides what is given up when nobody takes them. */
export class FramePump {
  readonly ready = new ReadyFrames();
  readonly dropped = { no_free_frame: 0, not_taken: 0 };
  /** True when the input ended in the middle of a picture, which is given up. */
  truncated = false;
  readonly #reader: NutReader;
  readonly #head: NutHead;
  readonly #spec: DecodeSpec;
  readonly #pool: FramePool;
  #read = 0;

  constructor(reader: NutReader, head: NutHead, spec: DecodeSpec, pool: FramePool) {
    this.#reader = reader;
    this.#head = head;
    this.#spec = spec;
    this.#pool = pool;
  }

  /** Reads to the end of the pipe, or until `signal` aborts. Rejects when what comes is no picture of this stream. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#readAll(signal);
    } finally {
      // What was put in after the stream was closed is taken by nobody, and the pool may be the next stream's.
      if (signal.aborted) this.ready.clear();
    }
  }

  async #readAll(signal: AbortSignal) {
    for (let next = await this.#reader.frame(); next !== undefined && !signal.aborted; ) {
      this.#check(next);
      const slot = this.#spec.live ? this.#liveSlot() : (this.#pool.take() ?? (await this.#pool.wait(signal)));
      if (slot === undefined && signal.aborted) return;
      if (!(await this.#fill(next, slot))) return;
      next = await this.#reader.frame();
    }
  }

  async #fill(next: NutFrame, slot: PooledSlot | undefined): Promise<boolean> {
    let whole = false;
    try {
      whole = slot === undefined ? await this.#reader.pass(next) : await this.#reader.into(slot.data);
    } finally {
      if (!whole) slot?.release();
    }
    this.truncated = !whole;
    if (whole && slot !== undefined) this.#put(slot, next);
    this.#read += 1;
    return whole;
  }

  #put(slot: PooledSlot, { pts }: NutFrame) {
    const [num, den] = this.#head.timeBase;
    const { live, changes: { every } = {} } = this.#spec;
    if (live && this.ready.length === LIVE_READY) {
      this.ready.oldest()!.slot.release();
      this.dropped.not_taken += 1;
    }
    const index = every === undefined ? this.#read : (every.offset % every.n) + this.#read * every.n;
    this.ready.put({ slot, index, posMs: (pts * num * 1_000) / den });
  }

  /** The pipe of a camera is never left to fill: with every slot held, the newest frame that nobody took is drawn over. */
  #liveSlot(): PooledSlot | undefined {
    const free = this.#pool.take();
    if (free !== undefined) return free;
    this.dropped.no_free_frame += 1;
    return this.ready.newest()?.slot;
  }

  #check({ size }: NutFrame) {
    if (size === this.#pool.bytes) return;
    const { width, height } = this.#head;
    const { format } = this.#spec;
    throw new Error(`ffmpeg sent a picture of ${size} bytes, and ${width}x${height} ${format} has ${this.#pool.bytes}`);
  }
}
