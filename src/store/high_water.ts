import * as fs from "node:fs";
import * as path from "node:path";
import { syncFolder } from "./folder.ts";

/** What is known of a queue file from outside it. */
export interface Mark {
  /** The last number that was given to a row. */
  seq: number;
  /** Numbers that were given and were gone at an open, ever. */
  lost: number;
  /** Version of the file's layout; 0 before the first. */
  version: number;
}

const SLOT_BYTES = 64;
/** One page apart, so that a write the power cuts in two does not reach the other slot. */
const SLOT_AT = [0, 4096] as const;
/** `SZHW`. */
const MAGIC = 0x57485a53;
const LAYOUT = 1;

/**
 * A small file beside the queue that says how far its numbers went. SQLite drops the damaged end of its log without a
 * word; compared with this, the loss has a number.
 *
 * The mark is written with every commit and brought to the disk once a second: a killed process leaves the exact mark,
 * a power cut one that is a second old. Two slots take turns, a turn being what lies between two fsyncs: so the slot
 * that is on the disk is never the one that is being written, and when one is damaged the other speaks.
 */
export class HighWater {
  readonly file: string;
  #descriptor: number | undefined;
  #mark: Mark;
  #generation: bigint;
  #dirty = false;
  /** What was wrong with the file when it was opened, as a sentence. */
  readonly fault: string | undefined;
  /** A mark was found, so the queue was here before. */
  readonly found: boolean;

  /** Changes nothing on the disk: the queue may be somebody else's. */
  constructor(queueFile: string) {
    this.file = `${queueFile}.hwm`;
    const bytes = fs.existsSync(this.file) ? fs.readFileSync(this.file) : Buffer.alloc(0);
    const slots = SLOT_AT.map((at) => readSlot(bytes.subarray(at, at + SLOT_BYTES)));
    const newest = slots
      .filter((slot) => typeof slot === "object")
      .sort((a, b) => Number(b.generation - a.generation))[0];
    this.found = newest !== undefined;
    this.#mark = newest?.mark ?? { seq: 0, lost: 0, version: 0 };
    this.#generation = newest?.generation ?? 0n;
    if (bytes.length > 0 && !this.found) this.fault = "both of its marks are damaged";
    else if (slots.includes("damaged")) this.fault = "one of its two marks is damaged, the other one counts";
  }

  get mark(): Readonly<Mark> {
    return this.#mark;
  }

  /** Notes what has changed; on the disk with the next {@link sync}. */
  note(change: Partial<Mark>) {
    const descriptor = this.#opened();
    this.#mark = { ...this.#mark, ...change };
    const slot = encodeSlot(this.#mark, this.#generation);
    fs.writeSync(descriptor, slot, 0, SLOT_BYTES, SLOT_AT[Number(this.#generation % 2n)]!);
    this.#dirty = true;
  }

  sync() {
    if (!this.#dirty) return;
    fs.fsyncSync(this.#descriptor!);
    this.#dirty = false;
    this.#generation += 1n;
  }

  close() {
    if (this.#descriptor !== undefined) fs.closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #opened(): number {
    if (this.#descriptor !== undefined) return this.#descriptor;
    const isNew = !fs.existsSync(this.file);
    this.#descriptor = fs.openSync(this.file, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o600);
    if (isNew) syncFolder(path.dirname(this.file));
    // What a killed process wrote last may be in memory only, and the other slot is older: this one goes to the disk.
    this.#dirty = true;
    this.sync();
    return this.#descriptor;
  }
}

/** `empty`: never written. */
function readSlot(bytes: Buffer): { mark: Mark; generation: bigint } | "empty" | "damaged" {
  if (bytes.every((byte) => byte === 0)) return "empty";
  if (bytes.length < SLOT_BYTES) return "damaged";
  if (bytes.readUInt32LE(SLOT_BYTES - 4) !== Bun.hash.crc32(bytes.subarray(0, SLOT_BYTES - 4))) return "damaged";
  if (bytes.readUInt32LE(0) !== MAGIC || bytes.readUInt32LE(4) !== LAYOUT) return "damaged";
  const [seq, lost] = [Number(bytes.readBigUInt64LE(16)), Number(bytes.readBigUInt64LE(24))];
  return { generation: bytes.readBigUInt64LE(8), mark: { seq, lost, version: bytes.readUInt32LE(32) } };
}

/** 0 magic, 4 layout, 8 generation, 16 seq, 24 lost, 32 version, 60 CRC-32 of all before; little endian. */
function encodeSlot({ seq, lost, version }: Mark, generation: bigint): Uint8Array {
  const bytes = Buffer.alloc(SLOT_BYTES);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt32LE(LAYOUT, 4);
  bytes.writeBigUInt64LE(generation, 8);
  bytes.writeBigUInt64LE(BigInt(seq), 16);
  bytes.writeBigUInt64LE(BigInt(lost), 24);
  bytes.writeUInt32LE(version, 32);
  bytes.writeUInt32LE(Bun.hash.crc32(bytes.subarray(0, SLOT_BYTES - 4)), SLOT_BYTES - 4);
  return bytes;
}
