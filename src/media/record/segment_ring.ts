import type { Files } from "../../node/index.ts";
import type { Connection } from "./connection.ts";

/** A piece of recording in a file of its own; it begins with a key frame. Seconds of its connection's own time. */
export interface Segment {
  readonly file: string;
  readonly bytes: number;
  readonly fromSec: number;
  readonly toSec: number;
  readonly connection: Connection;
}

export const fromMs = ({ connection, fromSec }: Segment): number => connection.wallMs(fromSec);
export const toMs = ({ connection, toSec }: Segment): number => connection.wallMs(toSec);

export interface RingOptions {
  readonly folder: string;
  /** So much stays when nobody needs more. */
  readonly keepMs: number;
  /** Of all files; the oldest go beyond that, needed or not. */
  readonly maxBytes: number;
  readonly files: Files;
}

interface Need {
  readonly fromMs: number;
}

/** A second of 8 Mbit/s. */
const MIN_ROOM = 1024 * 1024;

const SEGMENT = /^seg-\d+-\d{6,}\.mkv$/;
export const segmentName = (connection: number, count: number | string) => `seg-${connection}-${count}.mkv`;

/** The last part of a recording, on the disk, bounded in time and bytes. */
export class SegmentRing {
  readonly #options: RingOptions;
  readonly #needs = new Set<Need>();
  /** Oldest first. */
  #segments: Segment[] = [];
  #bytes = 0;
  #largest = 0;
  #overflowed = 0;

  /** What a run that was killed has left in the folder goes away. */
  constructor(options: RingOptions) {
    this.#options = options;
    const { files, folder } = options;
    files.makeDir(folder);
    for (const name of files.list(folder)) if (SEGMENT.test(name)) files.remove(`${folder}/${name}`);
  }

  get folder(): string {
    return this.#options.folder;
  }

  /** Recorded up to here; before the first segment, nothing is. */
  get upToMs(): number {
    const last = this.#segments.at(-1);
    return last === undefined ? Number.NEGATIVE_INFINITY : toMs(last);
  }

  add(segment: Segment) {
    this.#segments.push(segment);
    this.#bytes += segment.bytes;
    this.#largest = Math.max(this.#largest, segment.bytes);
    const needed = Math.min(this.upToMs - this.#options.keepMs, ...[...this.#needs].map((need) => need.fromMs));
    while (this.#segments.length > 0 && toMs(this.#segments[0]!) < needed) this.#removeOldest();
    while (this.#segments.length > 1 && this.#bytes > this.#options.maxBytes) {
      if (toMs(this.#segments[0]!) >= needed) this.#overflowed += 1;
      this.#removeOldest();
    }
  }

  /**
   * Throws when two segments more, as large as the largest so far, would not fit: a recording that begins and stops at
   * once would be told of each time.
   */
  checkRoom() {
    const { files, folder } = this.#options;
    const [free, least] = [files.freeBytes(folder), Math.max(MIN_ROOM, 2 * this.#largest)];
    if (free >= least) return;
    throw new Error(`cannot record to ${folder}: the disk has ${free} bytes left and ${least} are needed`);
  }

  /** Keeps what was recorded from a time on, until the returned function is called. */
  need(fromMs: number): () => void {
    const need = { fromMs };
    this.#needs.add(need);
    return () => void this.#needs.delete(need);
  }

  /**
   * What covers a span, in order. A camera may send another kind of stream after it came back, and one file holds one
   * kind: it is that of the moment `atMs`, or of what comes next after it.
   */
  cover(span: { fromMs: number; toMs: number; atMs: number }): Segment[] {
    const within = this.#segments.filter((segment) => toMs(segment) > span.fromMs && fromMs(segment) < span.toMs);
    const main = within.find((segment) => toMs(segment) > span.atMs) ?? within.at(-1);
    return within.filter(({ connection }) => connection.stream === main!.connection.stream);
  }

  /** Removes every file. */
  clear() {
    while (this.#segments.length > 0) this.#removeOldest();
  }

  metrics() {
    return {
      buffered_files: this.#segments.length,
      buffered_bytes: this.#bytes,
      /** Segments that a clip would have needed and that `buffer_bytes` had no room for. */
      dropped_buffer_full_total: this.#overflowed,
    };
  }

  #removeOldest() {
    const { file, bytes } = this.#segments.shift()!;
    this.#bytes -= bytes;
    this.#options.files.remove(file);
  }
}
