import { type FrameSlot, ownMemory } from "../packet/index.ts";

/** Why 16: 16 frames of 1080p with three bytes a pixel are 100 MB. */
export const DEFAULT_FRAMES = 16;

/** One place of a pool, while somebody holds it. */
export interface PooledSlot extends FrameSlot {
  /** The pixels, as many bytes as the pool was made for. */
  readonly data: Uint8Array;
}

interface Waiter {
  give(slot: PooledSlot | undefined): void;
}

/**
 * A bounded number of frames in shared memory, used again and again. Memory is made when it is first needed.
 *
 * Invariant: free + held = made <= size.
 */
export class FramePool {
  readonly size: number;
  readonly bytes: number;
  readonly #free: Slot[] = [];
  readonly #waiters: Waiter[] = [];
  #made = 0;
  /** Slots that were retained and are not back yet. */
  #kept = 0;

  /** `bytes` of pixels in each of at most `size` slots. */
  constructor(bytes: number, size = DEFAULT_FRAMES) {
    this.bytes = bytes;
    this.size = size;
  }

  /** Slots that somebody holds. */
  get held(): number {
    return this.#made - this.#free.length;
  }

  /** A slot with one holder, or undefined when all are held. */
  take(): PooledSlot | undefined {
    const free = this.#free.pop();
    if (free !== undefined) return free.begin();
    if (this.#made === this.size) return undefined;
    this.#made += 1;
    return new Slot(this.bytes, this.#owner()).begin();
  }

  /** A slot with one holder, as soon as there is one, first come first served; undefined once `signal` aborts. */
  wait(signal: AbortSignal): Promise<PooledSlot | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    const slot = this.#waiters.length === 0 ? this.take() : undefined;
    if (slot !== undefined) return Promise.resolve(slot);
    return new Promise((resolve) => {
      const leave = () => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        resolve(undefined);
      };
      const waiter: Waiter = {
        give(given) {
          signal.removeEventListener("abort", leave);
          resolve(given);
        },
      };
      this.#waiters.push(waiter);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  #owner(): Owner {
    return {
      back: (slot) => this.#back(slot),
      keep: (by) => {
        this.#kept += by;
      },
      mayKeep: () => this.#kept < Math.floor(this.size / 2),
    };
  }

  #back(slot: Slot) {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#free.push(slot);
    else waiter.give(slot.begin());
  }
}

/** What a slot tells its pool. */
interface Owner {
  back(slot: Slot): void;
  keep(by: 1 | -1): void;
  mayKeep(): boolean;
}

class Slot implements PooledSlot {
  readonly data: Uint8Array;
  readonly #owner: Owner;
  #holders = 0;
  #kept = false;

  constructor(bytes: number, owner: Owner) {
    const memory = new SharedArrayBuffer(bytes);
    this.data = new Uint8Array(memory);
    this.#owner = owner;
    ownMemory(memory, this);
  }

  begin(): this {
    this.#holders = 1;
    return this;
  }

  retain() {
    if (this.#holders === 0) throw new Error("cannot retain a frame that was given back: retain it before its release");
    this.#holders += 1;
    if (!this.#kept) this.#owner.keep(1);
    this.#kept = true;
  }

  /** A slot that is kept already takes no further place when it is retained again. */
  get scarce(): boolean {
    return !this.#kept && !this.#owner.mayKeep();
  }

  release() {
    // Giving a slot back twice would hand one place to two owners, who then draw over each other.
    if (this.#holders === 0) throw new Error("cannot release a frame that was given back already");
    this.#holders -= 1;
    if (this.#holders > 0) return;
    if (this.#kept) this.#owner.keep(-1);
    this.#kept = false;
    this.#owner.back(this);
  }
}
