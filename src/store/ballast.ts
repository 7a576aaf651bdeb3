import * as fs from "node:fs";
import * as path from "node:path";
import { seededRandom } from "../base/random.ts";
import { syncFolder } from "./folder.ts";

/** Written over and over; as long as the piece a compressing file system (btrfs, zfs) looks at. */
const NOISE_BYTES = 128 * 1024;

/**
 * Room that is taken while there is some, and given back when the disk is full: without it not even an ack can be
 * written, and the queue stays full for ever. One for each queue file, so that no queue depends on another's.
 *
 * Whatever is done at a full disk is written to the log first, and the log is folded into the file at half of the
 * ballast at the latest: so there is room for all of the log to become new pages of the file, and as much again for
 * the acks of the rows that leave meanwhile.
 */
export class Ballast {
  readonly #file: string;
  readonly #bytes: number;

  constructor(queueFile: string, bytes: number) {
    this.#file = `${queueFile}.ballast`;
    this.#bytes = bytes;
  }

  /** All of it is on the disk. */
  get whole(): boolean {
    return this.#size() >= this.#bytes;
  }

  /** Bytes that are still to be taken. */
  get missingBytes(): number {
    return Math.max(0, this.#bytes - this.#size());
  }

  /** Takes the room, as bytes that were really written: a file with a hole in it reserves nothing. */
  take() {
    // A command that asks for none leaves that of a run as it is.
    if (this.#bytes === 0) return;
    const size = this.#size();
    if (size === this.#bytes) return;
    const descriptor = fs.openSync(this.#file, "a", 0o600);
    try {
      if (size > this.#bytes) fs.ftruncateSync(descriptor, this.#bytes);
      for (let at = size; at < this.#bytes; ) {
        at += fs.writeSync(descriptor, noise(), 0, Math.min(NOISE_BYTES, this.#bytes - at));
      }
      fs.fsyncSync(descriptor);
    } catch (error) {
      // Half a ballast would take the room that an ack needs now.
      fs.ftruncateSync(descriptor, 0);
      throw error;
    } finally {
      fs.closeSync(descriptor);
    }
    syncFolder(path.dirname(this.#file));
  }

  /** Gives the room back. Cut, not removed: on a full btrfs removing a file may itself need room. */
  giveUp() {
    if (this.#size() === 0) return;
    const descriptor = fs.openSync(this.#file, "r+");
    try {
      fs.ftruncateSync(descriptor, 0);
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  }

  #size(): number {
    return fs.statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
  }
}

let made: Uint32Array | undefined;

/** Bytes that do not compress. */
function noise(): Uint32Array {
  if (made === undefined) {
    const random = seededRandom(0x5ca1ab1e);
    made = Uint32Array.from({ length: NOISE_BYTES / 4 }, () => random.uint32());
  }
  return made;
}
