import type { Clock } from "../base/clock.ts";
import type { BlobDisk } from "./blobs_disk.ts";
import { BlobError } from "./blobs_error.ts";

export interface RoomOptions {
  folder: string;
  disk: BlobDisk;
  clock: Clock;
  maxBytes: number;
  minFreeBytes: number;
}

/** A file takes whole blocks, so many small blobs are bounded as well. */
const BLOCK_BYTES = 4_096;
/** The disk is asked about its free space at most this often; what was taken since is known. */
const LOOK_MS = 100;

export const blocksOf = (size: number): number => Math.max(1, Math.ceil(size / BLOCK_BYTES)) * BLOCK_BYTES;

/** How much the store holds, and whether more may come. */
export class BlobRoom {
  readonly #options: RoomOptions;
  #used = 0;
  #free = 0;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  /** Why the last blob was refused; undefined since one was taken. */
  full: "max_bytes" | "min_free" | "disk" | undefined;

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  get used(): number {
    return this.#used;
  }

  /** Whole blocks that were there before. */
  found(bytes: number) {
    this.#used += bytes;
  }

  /** Takes room before it is written to, so that calls at the same time cannot overrun it together. */
  async take(size: number) {
    const { maxBytes, minFreeBytes } = this.#options;
    const bytes = blocksOf(size);
    await this.#look();
    if (this.#used + bytes > maxBytes) {
      throw this.refuse("max_bytes", `${this.#used} of max_bytes ${maxBytes} are taken and it needs ${bytes}`);
    }
    if (this.#free - bytes < minFreeBytes) {
      throw this.refuse("min_free", `the disk has ${this.#free} bytes free and ${minFreeBytes} must stay so`);
    }
    this.#used += bytes;
    this.#free -= bytes;
    this.full = undefined;
  }

  give(size: number) {
    this.full = undefined;
    this.#used -= blocksOf(size);
    this.#free += blocksOf(size);
  }

  refuse(why: "max_bytes" | "min_free" | "disk", fact: string, cause?: unknown): BlobError {
    this.full = why;
    return new BlobError(
      "BLOB_FULL",
      `cannot store a blob in ${this.#options.folder}: ${fact}; it waits until rows are acknowledged and their blobs swept, or the disk has room`,
      { cause },
    );
  }

  async #look() {
    const { clock, disk, folder } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#lookedAtMs < LOOK_MS) return;
    this.#free = await disk.freeBytes(folder);
    this.#lookedAtMs = nowMs;
  }
}
