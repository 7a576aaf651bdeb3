import * as v from "valibot";
import type { OpenFile } from "../../node/index.ts";

const whole = v.pipe(v.number(), v.integer(), v.minValue(0));

const shape = v.strictObject({
  dev: v.number(),
  ino: v.number(),
  /** Bytes of whole records before it. */
  offset: whole,
  /** Number of the line there. */
  line: v.pipe(whole, v.minValue(1)),
  /** Records behind it that were given out, and packets behind those. */
  records: whole,
  packets: whole,
  /** How it begins, and what stands before `offset`: another file, or one written anew, has something else there. */
  head: v.instance(Uint8Array),
  before: v.instance(Uint8Array),
  /** It was read to its end. */
  ended: v.boolean(),
});

/** Where a source is in its file. */
export type FilePlace = v.InferOutput<typeof shape>;

/** Behind a file that was read to its end: what has its name then is read from its beginning. No file has the number 0. */
export const NEXT_FILE: FilePlace = {
  ...{ dev: 0, ino: 0, offset: 0, line: 1, records: 0, packets: 0, ended: false },
  ...{ head: new Uint8Array(0), before: new Uint8Array(0) },
};

/** Bytes of either that are compared. */
const COMPARED_BYTES = 64;

/** Throws for what is no place in a file. */
export function filePlace(state: unknown): FilePlace {
  const read = v.safeParse(shape, state);
  if (!read.success) throw new Error(`cannot go on in a file: ${v.summarize(read.issues)}`);
  return read.output;
}

/** What tells the file, with a place at `offset`, from others. */
export function marksOf(file: OpenFile, offset: number): Pick<FilePlace, "dev" | "ino" | "head" | "before"> {
  const { dev, ino } = file.stat();
  const from = Math.max(0, offset - COMPARED_BYTES);
  return { dev, ino, head: bytesAt(file, 0, COMPARED_BYTES), before: bytesAt(file, from, offset - from) };
}

function bytesAt(file: OpenFile, from: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  return bytes.slice(0, length === 0 ? 0 : file.read(bytes, from));
}

/** True when `file` is the one of `place`, and still has what stood before it. */
export function isAt(file: OpenFile, { dev, ino, offset, head, before }: FilePlace): boolean {
  const there = marksOf(file, offset);
  if (there.ino !== ino || there.dev !== dev) return false;
  // It may have grown since.
  return equal(there.head.subarray(0, head.length), head) && equal(there.before, before);
}

const equal = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other) === 0;
