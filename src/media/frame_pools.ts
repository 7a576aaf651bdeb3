import { FramePool } from "./frame_pool.ts";

/** Why 4: cameras of a graph seldom have more sizes; each costs its own frames of memory once it is used. */
const MAX_SIZES = 4;

/** Pools for frames of several sizes, so that two cameras that come by turns do not have memory made for each frame. */
export class FramePools {
  readonly #frames: number;
  /** By bytes of a frame, the one used last at the end. */
  readonly #pools = new Map<number, FramePool>();

  /** `frames` in each pool. */
  constructor(frames: number) {
    this.#frames = frames;
  }

  /** For frames of so many bytes. A size that was not asked for for long makes room; what is held of it stays as it is. */
  of(bytes: number): FramePool {
    const pool = this.#pools.get(bytes) ?? new FramePool(bytes, this.#frames);
    this.#pools.delete(bytes);
    if (this.#pools.size === MAX_SIZES) this.#pools.delete(this.#pools.keys().next().value!);
    this.#pools.set(bytes, pool);
    return pool;
  }
}
