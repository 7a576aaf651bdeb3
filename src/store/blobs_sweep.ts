import * as path from "node:path";
import type { Cancel, Clock } from "../base/clock.ts";
import type { BlobDisk } from "./blobs_disk.ts";
import { type BlobName, blobOf, blobPath, shardsIn } from "./blobs_name.ts";
import type { BlobPins } from "./blobs_pins.ts";
import type { BlobQueues } from "./blobs_queues.ts";
import type { OnEvent } from "./guards.ts";

export interface SweepOptions {
  folder: string;
  disk: BlobDisk;
  clock: Clock;
  onEvent: OnEvent;
  pins: BlobPins;
  queues: BlobQueues;
  graceMs: number;
  sweepMs: number;
  paceMs: number;
  /** The store is full or will be soon. */
  pressed(): boolean;
  /** Removes the file if `may` still says so, alone with it; false when it did not. */
  remove(blob: BlobName, may: () => boolean): Promise<boolean>;
}

/** Looked at in one sweep, so that its memory (about 200 bytes each) has a bound; the next one goes on behind them. */
const MAX_CANDIDATES = 65_536;
/** Of the time, at most a twentieth is spent looking through rows. */
const REST = 20;
/** Instead of the grace period, when the store is short of room: enough for who has just got a reference. */
const SHORT_GRACE_MS = 5_000;
const SHORT_SWEEP_MS = 1_000;

/**
 * Removes blobs that nothing needs any more.
 *
 * Rows are the only truth about what is needed. A blob goes when it was idle for the grace period before a sweep
 * began, no row of any queue named it when all were read, and nobody named it meanwhile.
 */
export class BlobSweeper {
  readonly #options: SweepOptions;
  readonly #stop = new AbortController();
  #cancel: Cancel = () => {};
  #sweeping: Promise<number> | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  #shard = 0;

  constructor(options: SweepOptions) {
    this.#options = options;
    this.#schedule(0);
  }

  /** Sweeps at once, unless that is under way. Gives how many blobs went. */
  sweep(): Promise<number> {
    this.#cancel();
    const { clock } = this.#options;
    const startedMs = clock.monotonicMs();
    this.#sweeping ??= this.#sweep()
      .catch((error: Error) => {
        this.#options.onEvent("warn", "blobs could not be swept", { error: error.message });
        return 0;
      })
      .finally(() => {
        this.#sweeping = undefined;
        this.#schedule((clock.monotonicMs() - startedMs) * REST);
      });
    return this.#sweeping;
  }

  /** There is no room: a sweep comes within a second. */
  hurry() {
    if (this.#sweeping === undefined) this.#schedule(0);
  }

  async settled() {
    await this.#sweeping;
  }

  stop() {
    this.#stop.abort();
    this.#cancel();
  }

  #schedule(restMs: number) {
    if (this.#stop.signal.aborted) return;
    const { clock, sweepMs, pressed } = this.#options;
    const waitMs = Math.max(restMs, pressed() ? Math.min(SHORT_SWEEP_MS, sweepMs) : sweepMs);
    const dueMs = clock.monotonicMs() + waitMs;
    if (dueMs >= this.#dueMs) return;
    this.#cancel();
    this.#dueMs = dueMs;
    const cancel = clock.setTimer(() => void this.sweep(), waitMs);
    this.#cancel = () => {
      this.#dueMs = Number.POSITIVE_INFINITY;
      cancel();
    };
  }

  async #sweep(): Promise<number> {
    const { clock, pins, queues, graceMs, paceMs, pressed } = this.#options;
    const hurried = pressed();
    const startMs = clock.monotonicMs();
    const idleMs = startMs - (hurried ? Math.min(SHORT_GRACE_MS, graceMs) : graceMs);
    pins.forgetBefore(startMs - graceMs);
    const found = await this.#candidates(idleMs);
    const unnamed = new Set(found.keys());
    if (unnamed.size === 0) return 0;
    const whole = await queues.strike(unnamed, { clock, paceMs: hurried ? 0 : paceMs, signal: this.#stop.signal });
    if (!whole) return 0;
    const salvageMs = hurried ? undefined : await queues.damagedMs();
    let gone = 0;
    for (const sha256 of unnamed) {
      if (this.#stop.signal.aborted) break;
      if (await this.#remove(found.get(sha256)!, idleMs, salvageMs)) gone += 1;
    }
    return gone;
  }

  async #remove(blob: BlobName, idleMs: number, salvageMs: number | undefined): Promise<boolean> {
    const { folder, disk, pins, remove } = this.#options;
    if (salvageMs !== undefined) {
      // A damaged queue lies beside: what it named is kept for whoever takes rows out of it, while there is room.
      const { mtimeMs = 0 } = (await disk.stat(path.join(folder, blobPath(blob)))) ?? {};
      if (mtimeMs <= salvageMs) return false;
    }
    return remove(blob, () => pins.idleSince(blob.sha256, idleMs));
  }

  /** Blobs that were idle since `idleMs`, beginning where the last sweep ended. */
  async #candidates(idleMs: number): Promise<Map<string, BlobName>> {
    const { folder, disk, pins } = this.#options;
    const found = new Map<string, BlobName>();
    if (!pins.anyIdleSince(idleMs)) return found;
    const shards = await shardsIn(disk, folder);
    for (let looked = 0; looked < shards.length && found.size < MAX_CANDIDATES; looked++) {
      this.#shard = (this.#shard + 1) % shards.length;
      const shard = shards[this.#shard]!;
      for (const name of await disk.list(path.join(folder, shard))) {
        const blob = blobOf(shard, name);
        if (blob !== undefined && pins.idleSince(blob.sha256, idleMs)) found.set(blob.sha256, blob);
      }
      if (this.#stop.signal.aborted) return new Map();
    }
    return found;
  }
}
