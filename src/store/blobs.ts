import type { Clock } from "../base/clock.ts";
import type { PayloadRef } from "../packet/index.ts";
import { type BlobDisk, realDisk } from "./blobs_disk.ts";
import { BlobError } from "./blobs_error.ts";
import { BlobFiles } from "./blobs_files.ts";
import { type BlobName, sha256Of } from "./blobs_name.ts";
import { BlobPins } from "./blobs_pins.ts";
import { BlobQueues, type OpenRows } from "./blobs_queues.ts";
import { BlobRoom } from "./blobs_room.ts";
import { BlobSweeper } from "./blobs_sweep.ts";
import { Turns } from "./blobs_turns.ts";
import type { OnEvent } from "./guards.ts";
import type { Queue } from "./queue.ts";
import { openQueue } from "./queue_file.ts";

export interface BlobStoreOptions {
  clock: Clock;
  onEvent: OnEvent;
  /** Opens a queue file that no edge has open, to see what its rows name. */
  openRows: OpenRows;
  /** Of all blobs, whole blocks. */
  maxBytes: number;
  /** Of one. It is in memory as a whole when it is written or read. */
  maxBlobBytes: number;
  /** Must stay free on the disk. */
  minFreeBytes: number;
  /** How long a blob stays after the last row that named it. */
  graceMs: number;
  sweepMs: number;
  /** Wait between two looks at the rows. */
  paceMs: number;
  disk: BlobDisk;
}

const MIB = 1024 * 1024;

export const BLOB_DEFAULTS = {
  // As a durable edge's rows.
  maxBytes: 4 * 1024 * MIB,
  // Ten seconds of a 4K camera at 50 Mbit/s are 60 MiB; a larger one would be most of a small box's memory.
  maxBlobBytes: 256 * MIB,
  minFreeBytes: 64 * MIB,
  // Whoever got a reference without a row of its own, such as a program told by a sink, has so long to read it.
  graceMs: 600_000,
  sweepMs: 60_000,
  // With slices of 1 MB, 50 MB/s of rows are looked through.
  paceMs: 20,
  disk: realDisk,
} as const satisfies Partial<BlobStoreOptions>;

export interface BlobStats {
  blobs: number;
  bytes: number;
  held: number;
  stored: number;
  /** The content was there already. */
  reused: number;
  refused: number;
  damaged: number;
  missing: number;
  swept: number;
  full: "max_bytes" | "min_free" | "disk" | undefined;
}

/** Part of `maxBytes` beyond which sweeps come early and the grace period is short. */
const PRESSED = 0.75;
const OWNER = "blob_store";

/**
 * Large bytes beside the rows of a state directory: files named by their content, each written once and safe on the
 * disk before a row names it. docs/decisions/0007-blobs.md says how they go away again.
 *
 * The state directory belongs to one process, so nobody else writes here.
 */
export class BlobStore {
  readonly folder: string;
  readonly #options: BlobStoreOptions;
  readonly #files: BlobFiles;
  readonly #room: BlobRoom;
  readonly #pins: BlobPins;
  readonly #queues: BlobQueues;
  readonly #sweeper: BlobSweeper;
  readonly #turns = new Turns();
  readonly #counts = { stored: 0, reused: 0, refused: 0, missing: 0, swept: 0 };

  /** Looks at no file: a store of any size is open at once. */
  constructor(folder: string, given: Pick<BlobStoreOptions, "clock" | "onEvent"> & Partial<BlobStoreOptions>) {
    const { clock, onEvent } = given;
    const openRows: OpenRows = (file) => openQueue(file, { clock, onEvent });
    const options: BlobStoreOptions = { ...BLOB_DEFAULTS, openRows, ...given };
    this.folder = folder;
    this.#options = options;
    this.#room = new BlobRoom({ ...options, folder });
    this.#files = new BlobFiles({ ...options, folder, room: this.#room });
    this.#pins = new BlobPins(() => clock.monotonicMs());
    const named = (sha256: string) => this.#pins.name(sha256);
    this.#queues = new BlobQueues({ ...options, folder, named });
    const pressed = () => this.#room.full !== undefined || this.#room.used > options.maxBytes * PRESSED;
    const remove = (blob: BlobName, may: () => boolean) => this.#turns.take(blob.sha256, () => this.#remove(blob, may));
    this.#sweeper = new BlobSweeper({ ...options, folder, pins: this.#pins, queues: this.#queues, pressed, remove });
  }

  /**
   * Safe on the disk when it resolves, and held until `release`; the same content is stored once. Throws BLOB_FULL or
   * BLOB_UNWRITABLE (nothing names it, ask again later), or BLOB_TOO_LARGE.
   */
  async put(bytes: Uint8Array, { contentType }: { contentType?: string | undefined } = {}) {
    const { maxBlobBytes } = this.#options;
    if (bytes.length > maxBlobBytes) {
      throw new BlobError(
        "BLOB_TOO_LARGE",
        `cannot store a blob of ${bytes.length} bytes: at most ${maxBlobBytes} are allowed; make it smaller upstream`,
      );
    }
    const blob = { sha256: await sha256Of(bytes), size: bytes.length };
    const release = this.#pins.hold(blob.sha256);
    try {
      await this.#turns.take(blob.sha256, () => this.#store(blob, bytes));
    } catch (error) {
      release();
      throw this.#refusal(blob, error as Error);
    }
    return { ref: this.#refTo(blob, contentType), release };
  }

  /** Keeps a blob that is there until `release`. Throws BLOB_MISSING or BLOB_REF. */
  async hold(ref: PayloadRef) {
    const blob = this.#blobOf(ref);
    const release = this.#pins.hold(blob.sha256);
    const found = await this.#turns.take(blob.sha256, () => this.#options.disk.stat(this.#files.pathOf(blob)));
    if (found !== undefined) return { ref, release };
    release();
    this.#counts.missing += 1;
    throw new BlobError("BLOB_MISSING", `cannot keep blob ${this.#files.pathOf(blob)}: there is no such file`);
  }

  /** The bytes, size and hash checked. Throws BLOB_REF, BLOB_MISSING, BLOB_DAMAGED or BLOB_UNREADABLE. */
  async read(ref: PayloadRef): Promise<Uint8Array> {
    const blob = this.#blobOf(ref);
    const release = this.#pins.hold(blob.sha256);
    try {
      return await this.#turns.take(blob.sha256, () => this.#files.read(blob));
    } catch (error) {
      if (error instanceof BlobError && error.code === "BLOB_MISSING") this.#counts.missing += 1;
      throw error;
    } finally {
      release();
    }
  }

  /** By owner, not by path: the state directory may have been moved since. */
  owns({ scheme, owner }: PayloadRef): boolean {
    return scheme === "file" && owner === OWNER;
  }

  /** What the queue's rows name stays. The caller goes on with the queue this gives back. */
  async watch(queue: Queue): Promise<Queue> {
    await this.#files.counted();
    return this.#queues.watch(queue);
  }

  /** Removes what nothing needs any more, now. Gives how many blobs went. */
  async sweep(): Promise<number> {
    await this.#files.counted();
    return this.#sweeper.sweep();
  }

  stats(): BlobStats {
    const { blobs, damaged } = this.#files;
    const { used: bytes, full } = this.#room;
    return { blobs, bytes, held: this.#pins.held, ...this.#counts, damaged, full };
  }

  /** Resolves when the sweep that is under way is over, and nothing is being written. */
  async settled() {
    await this.#sweeper.settled();
    await this.#turns.idle();
  }

  /** What is being written is safe when this resolves. */
  async close() {
    this.#sweeper.stop();
    await this.settled();
  }

  async #store(blob: BlobName, bytes: Uint8Array) {
    await this.#files.counted();
    if (await this.#confirmed(blob)) {
      this.#counts.reused += 1;
      return;
    }
    await this.#files.write(blob, bytes);
    this.#counts.stored += 1;
  }

  /** A damaged file of the same content is moved away, and the good bytes take its place. */
  async #confirmed(blob: BlobName): Promise<boolean> {
    try {
      return await this.#files.confirm(blob);
    } catch (error) {
      if (error instanceof BlobError && error.code === "BLOB_DAMAGED") return false;
      throw error;
    }
  }

  async #remove(blob: BlobName, may: () => boolean): Promise<boolean> {
    if (!may()) return false;
    await this.#files.remove(blob);
    this.#counts.swept += 1;
    return true;
  }

  #refTo(blob: BlobName, contentType: string | undefined): PayloadRef {
    return {
      scheme: "file",
      path: this.#files.pathOf(blob),
      content_type: contentType ?? null,
      size_bytes: blob.size,
      sha256: blob.sha256,
      owner: OWNER,
    };
  }

  #blobOf(ref: PayloadRef): BlobName {
    const { sha256, size_bytes } = ref;
    const whole = sha256 !== undefined && /^[0-9a-f]{64}$/.test(sha256) && Number.isSafeInteger(size_bytes);
    if (this.owns(ref) && whole && size_bytes! >= 0) return { sha256, size: size_bytes! };
    throw new BlobError(
      "BLOB_REF",
      `cannot look for a blob: a reference to one has scheme file, owner ${OWNER}, size_bytes and sha256, this one has ${JSON.stringify(ref).slice(0, 200)}`,
    );
  }

  #refusal({ size }: BlobName, error: Error & { code?: string }): Error {
    this.#counts.refused += 1;
    const noRoom = error.code === "ENOSPC" || error.code === "EDQUOT";
    const refusal = noRoom ? this.#room.refuse("disk", "the disk is full", error) : error;
    this.#sweeper.hurry();
    if (refusal instanceof BlobError) return refusal;
    return new BlobError(
      "BLOB_UNWRITABLE",
      `cannot store a blob of ${size} bytes in ${this.folder}: ${error.message}; look at the disk and the right to write there`,
      { cause: error },
    );
  }
}
