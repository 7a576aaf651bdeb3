import { dirname, join } from "node:path";
import { sleep } from "../../base/clock.ts";
import type { NodeContext, OpenFile } from "../../node/index.ts";
import { fileError } from "./file_error.ts";
import { type FilePlace, isAt } from "./file_place.ts";

export type FollowStep =
  /** Bytes behind the last ones; valid until the next step. */
  | { what: "bytes"; bytes: Uint8Array }
  /** The file has another name now and is read to its end; what follows is a new one. */
  | { what: "rotated" }
  /** The file was cut and begins anew. */
  | { what: "truncated" };

export interface FollowOptions {
  /** Absolute. */
  path: string;
  poll_ms: number;
  /** Where to begin in the file that is there first; `end` is behind its last whole line. */
  start: "beginning" | "end";
  /** With `start: end`: gives out the first line all the same, because it names the columns. */
  with_first_line: boolean;
  /** How far back to look for the end of a line. */
  max_line_bytes: number;
  /** Bytes read at once. */
  chunk_bytes: number;
}

const LF = 0x0a;
/** Names looked at for a file that was renamed while nothing ran; rotations keep some ten. */
const MAX_NAMES = 1_000;
const EMPTY = new Uint8Array(0);
/** Bytes in front of the position that are compared to notice a file that was cut and has grown past it. */
const WITNESS_BYTES = 64;

/**
 * Follows a file by name, as `tail -F` does: waits until it exists, through rename and create, and through
 * truncation in place. Looks every `poll_ms` while nothing new is there.
 */
export class Follower {
  readonly #options: FollowOptions;
  readonly #context: NodeContext;
  readonly #buffer: Uint8Array;
  #file: OpenFile | undefined;
  /** Read to its end, and open until more is asked for: somebody may still ask where in it that was. */
  #old: OpenFile | undefined;
  #position = 0;
  #before = 0;
  /** The last bytes before the position, also in front of every read. */
  #witness: Uint8Array = EMPTY;
  #first = true;
  #firstLine: Uint8Array | undefined;
  #waiting = false;
  #replaced = false;

  constructor(options: FollowOptions, context: NodeContext) {
    this.#options = options;
    this.#context = context;
    this.#buffer = new Uint8Array(WITNESS_BYTES + options.chunk_bytes);
  }

  /** Reads at most one chunk ahead of whoever pulls. */
  async *steps(signal: AbortSignal): AsyncGenerator<FollowStep> {
    while (!signal.aborted) {
      const step = this.#step();
      if (step !== undefined) yield step;
      else await sleep(this.#context.clock, this.#options.poll_ms, signal);
    }
  }

  close(): void {
    this.#closeOld();
    this.#file?.close();
    this.#file = undefined;
  }

  #closeOld() {
    this.#old?.close();
    this.#old = undefined;
  }

  /** The file that is read now, and how many of its bytes were given out, with and before the last step; undefined between two files. */
  get at(): { file: OpenFile; position: number; before: number } | undefined {
    return this.#file && { file: this.#file, position: this.#position, before: this.#before };
  }

  /**
   * Before the first step: goes on in the file of an earlier run, also when that has another name by now. False when it
   * is not there any more, or was written anew.
   */
  goOn(place: FilePlace): boolean {
    const { files } = this.#context;
    const folder = dirname(this.#options.path);
    const names = files.exists(folder) ? files.list(folder).slice(0, MAX_NAMES) : [];
    const found = [this.#options.path, ...names.map((name) => join(folder, name))].find((name) =>
      this.#isOf(name, place),
    );
    if (found === undefined) return false;
    this.#file = files.open(found, "r");
    this.#moveTo(place.offset, this.#file);
    this.#first = false;
    return true;
  }

  /** Before the first step: the file that has the name is read from its beginning, whatever `start` says. */
  beginNext() {
    this.#first = false;
  }

  #isOf(name: string, place: FilePlace): boolean {
    const { files } = this.#context;
    try {
      if (files.stat(name).ino !== place.ino) return false;
      const file = files.open(name, "r");
      try {
        return isAt(file, place);
      } finally {
        file.close();
      }
    } catch {
      // Gone since it was listed, or none of ours.
      return false;
    }
  }

  /** One thing that happened, or nothing to do but wait. */
  #step(): FollowStep | undefined {
    this.#closeOld();
    const file = this.#file ?? this.#tryOpen();
    this.#before = this.#position;
    if (file === undefined) return undefined;
    if (this.#firstLine !== undefined) return this.#takeFirstLine(this.#firstLine);
    const read = this.#read(file);
    if (read !== undefined) return read;
    if (!this.#isReplaced(file)) {
      this.#replaced = false;
      return undefined;
    }
    // Its writer may hold the old file a little longer, so that is read for one more poll.
    if (!this.#replaced) {
      this.#replaced = true;
      return undefined;
    }
    this.#replaced = false;
    this.#old = file;
    this.#file = undefined;
    return { what: "rotated" };
  }

  #tryOpen(): OpenFile | undefined {
    const { files, log } = this.#context;
    const { path, start } = this.#options;
    try {
      this.#file = files.open(path, "r");
    } catch (error) {
      if (!["ENOENT", "EACCES"].includes((error as { code?: string }).code ?? "")) throw this.#error("open", error);
      if (!this.#waiting) log.warn("waiting for the file to follow", { path, reason: (error as Error).message });
      this.#waiting = true;
      this.#first = false;
      return undefined;
    }
    if (this.#waiting) log.info("the file to follow is there", { path });
    this.#waiting = false;
    if (this.#first && start === "end") this.#moveToEnd(this.#file);
    else this.#moveTo(0, this.#file);
    this.#first = false;
    return this.#file;
  }

  #moveToEnd(file: OpenFile) {
    const { with_first_line, max_line_bytes } = this.#options;
    const end = lastLineEnd(file, max_line_bytes);
    const firstLine = with_first_line ? readFirstLine(file, max_line_bytes) : EMPTY;
    this.#moveTo(end, file);
    if (firstLine.length > 0) this.#firstLine = firstLine;
  }

  #takeFirstLine(bytes: Uint8Array): FollowStep {
    this.#firstLine = undefined;
    return { what: "bytes", bytes };
  }

  #read(file: OpenFile): FollowStep | undefined {
    const held = this.#witness.length;
    let count: number;
    try {
      count = file.read(this.#buffer.subarray(0, held + this.#options.chunk_bytes), this.#position - held);
    } catch (error) {
      throw this.#error("read", error);
    }
    if (count < held || !equal(this.#buffer.subarray(0, held), this.#witness)) {
      this.#moveTo(0, file);
      return { what: "truncated" };
    }
    if (count === held) return undefined;
    this.#position += count - held;
    this.#witness = this.#buffer.slice(Math.max(0, count - WITNESS_BYTES), count);
    return { what: "bytes", bytes: this.#buffer.subarray(held, count) };
  }

  #moveTo(position: number, file: OpenFile) {
    const held = Math.min(position, WITNESS_BYTES);
    const witness = new Uint8Array(held);
    if (held > 0) file.read(witness, position - held);
    this.#position = position;
    this.#witness = witness;
  }

  #isReplaced(file: OpenFile): boolean {
    const here = file.stat();
    try {
      const there = this.#context.files.stat(this.#options.path);
      return there.ino !== here.ino || there.dev !== here.dev;
    } catch {
      // Between rename and create nothing has the name; the open file may still grow.
      return false;
    }
  }

  #error(action: string, cause: unknown) {
    return fileError(action, this.#options.path, this.#context, cause);
  }
}

function equal(a: Uint8Array, b: Uint8Array) {
  return Buffer.compare(a, b) === 0;
}

/** Position behind the last line feed; the size when there is none within `maxBytes` of the end. */
function lastLineEnd(file: OpenFile, maxBytes: number): number {
  const { size } = file.stat();
  const from = Math.max(0, size - maxBytes);
  const tail = new Uint8Array(size - from);
  const count = file.read(tail, from);
  const end = tail.subarray(0, count).lastIndexOf(LF) + 1;
  return end > 0 || from === 0 ? from + end : size;
}

export function readFirstLine(file: OpenFile, maxBytes: number): Uint8Array {
  const head = new Uint8Array(maxBytes);
  const count = file.read(head, 0);
  return head.slice(0, head.subarray(0, count).indexOf(LF) + 1);
}
