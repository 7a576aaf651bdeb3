import * as path from "node:path";
import type { Cancel } from "../../base/clock.ts";
import type { NodeContext, OpenFile } from "../../node/index.ts";
import { fileError } from "./file_error.ts";
import { endsTorn, shiftFiles } from "./rotation.ts";

export interface LineFileOptions {
  path: string;
  /** Longest time a line waits in memory; 0 writes every line by itself. */
  flush_ms: number;
  fsync: "never" | "interval" | "always";
  max_bytes?: number | undefined;
  max_age_sec?: number | undefined;
  max_files: number;
  atomic: boolean;
}

/** Characters held back for one write call: 64 Ki lines up hundreds of lines, and a kill loses no more. */
const BUFFER_CHARS = 65_536;
/** A power cut loses at most this much of what `fsync: interval` wrote. */
const SYNC_EVERY_MS = 1_000;
const EMPTY = new Uint8Array(0);

/**
 * A file of lines that is appended to, rotated and, if asked, published whole.
 *
 * Invariant: a line is either refused by a throw of `write`, or kept until the disk took it. While the disk
 * refuses, every further line is refused too, so at most one buffer waits in memory.
 */
export class LineFile {
  readonly #options: LineFileOptions;
  readonly #context: NodeContext;
  readonly #path: string;
  readonly #workPath: string;
  readonly #unbuffered: boolean;
  #file: OpenFile | undefined;
  /** Bytes in the open file. */
  #size = 0;
  #text = "";
  /** What a failed write left over. */
  #pending: Uint8Array = EMPTY;
  /** Of the line at the front of it, the part that the disk has. */
  #begun: Uint8Array = EMPTY;
  #textBytes = 0;
  #unsynced = false;
  #closed = false;
  #published = 0;
  #deleted = 0;
  #torn = 0;
  readonly #timers: Record<"flush" | "sync" | "age", Cancel | undefined> = {
    flush: undefined,
    sync: undefined,
    age: undefined,
  };

  constructor(options: LineFileOptions, context: NodeContext) {
    this.#options = options;
    this.#context = context;
    this.#path = context.files.resolve(options.path);
    this.#workPath = options.atomic ? `${this.#path}.tmp` : this.#path;
    this.#unbuffered = options.flush_ms === 0 || options.fsync === "always";
    this.#open();
  }

  /**
   * Takes one line with its line end; throws when the disk refuses it. One that is `awaited` is in the file when this
   * returns, and on the disk with `fsync: always`.
   */
  write(line: string, awaited = false): void {
    const { max_bytes } = this.#options;
    const through = awaited || this.#unbuffered;
    // Lines that were taken go first, so that a failure below is about this one alone.
    if (this.#pending.length > 0 || through || this.#text.length + line.length > BUFFER_CHARS) this.flush();
    if (max_bytes !== undefined) this.#makeRoom(Buffer.byteLength(line), max_bytes);
    this.#text += line;
    if (through) this.#writeThrough(line, awaited);
    else if (this.#timers.flush === undefined) this.#after("flush", this.#options.flush_ms, () => this.flush());
  }

  metrics() {
    return { rotated_files_total: this.#published, deleted_files_total: this.#deleted, torn_lines_total: this.#torn };
  }

  /** Lines that were taken and that a failed `close` leaves unwritten, without their line ends. */
  unwritten(): string[] {
    const text = Buffer.concat([this.#begun, this.#pending, Buffer.from(this.#text)]).toString();
    return text.split("\n").slice(0, -1);
  }

  /** Writes what waits, syncs unless `fsync: never`, publishes an atomic file. A second call does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#finish();
      // A run without a line still replaces the result of the run before, or that would pass for this one's.
      if (this.#options.atomic && (this.#size > 0 || this.#published === 0)) this.#publish();
      else if (this.#options.atomic) this.#context.files.remove(this.#workPath);
    } finally {
      this.#release();
      // Last, because the final write arms the timer of the next sync.
      for (const cancel of Object.values(this.#timers)) cancel?.();
    }
  }

  #release() {
    this.#file?.close();
    this.#file = undefined;
  }

  #open(): OpenFile {
    const { files, log } = this.#context;
    try {
      files.makeDir(path.dirname(this.#workPath));
      const torn = files.exists(this.#workPath) && endsTorn(files.open(this.#workPath, "r"));
      const file = files.open(this.#workPath, "a");
      this.#file = file;
      if (torn) {
        // Ended, not cut: its bytes may be a whole line that lacks only the line end.
        file.write("\n");
        this.#torn += 1;
        log.warn("the last line was cut off by an earlier crash; ended it", { path: this.#workPath });
      }
      this.#size = file.stat().size;
      this.#armAge();
      return file;
    } catch (error) {
      this.#release();
      throw fileError("open for writing", this.#workPath, this.#context, error);
    }
  }

  #armAge() {
    const { max_age_sec } = this.#options;
    if (max_age_sec !== undefined) this.#after("age", max_age_sec * 1_000, () => this.#rotateByAge());
  }

  #writeThrough(line: string, awaited: boolean) {
    try {
      this.flush();
      if (this.#options.fsync === "always") this.#sync();
    } catch (error) {
      const left = this.#pending.length;
      if (left > 0 && left < Buffer.byteLength(line)) {
        // It is completed later, and so it is taken; but whoever waits must not hear so before it is there.
        this.#context.log.error("the disk took a part of a line", { error: (error as Error).message });
        if (!awaited) return;
        throw error;
      }
      this.#pending = EMPTY;
      throw error;
    }
  }

  flush() {
    if (this.#text !== "") {
      const bytes = Buffer.from(this.#text);
      this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
      this.#text = "";
      this.#textBytes = 0;
    }
    if (this.#pending.length === 0) return;
    // A rotation that failed half-way left no open file.
    const file = this.#file ?? this.#open();
    try {
      file.write(this.#pending);
      this.#took(this.#pending.length);
    } catch (error) {
      // A full disk takes a part; writing that again would double it.
      this.#took(Math.max(0, file.stat().size - this.#size));
      throw fileError("write to", this.#workPath, this.#context, error);
    }
  }

  #took(bytes: number) {
    this.#size += bytes;
    const written = this.#pending.subarray(0, bytes);
    const lineStart = written.lastIndexOf(0x0a) + 1;
    this.#begun = lineStart > 0 ? written.subarray(lineStart) : Buffer.concat([this.#begun, written]);
    this.#pending = bytes >= this.#pending.length ? EMPTY : this.#pending.subarray(bytes);
    if (bytes === 0 || this.#options.fsync === "never") return;
    this.#unsynced = true;
    if (this.#options.fsync === "interval" && this.#timers.sync === undefined) {
      this.#after("sync", SYNC_EVERY_MS, () => this.#sync());
    }
  }

  #sync() {
    if (!this.#unsynced || this.#file === undefined) return;
    try {
      this.#file.sync();
    } catch (error) {
      throw fileError("sync", this.#workPath, this.#context, error);
    }
    this.#unsynced = false;
  }

  #finish() {
    this.flush();
    this.#sync();
  }

  #makeRoom(bytes: number, maxBytes: number) {
    const used = this.#size + this.#textBytes;
    if (used > 0 && used + bytes > maxBytes) this.#rotate();
    this.#textBytes += bytes;
  }

  #rotateByAge() {
    if (this.#size > 0 || this.#text !== "") this.#rotate();
    else this.#armAge();
  }

  #rotate() {
    this.#finish();
    this.#release();
    try {
      this.#publish();
    } catch (error) {
      throw fileError("rotate", this.#path, this.#context, error);
    }
    this.#open();
  }

  #publish() {
    const { files, log } = this.#context;
    const { max_files, atomic } = this.#options;
    const deleted = shiftFiles(this.#path, max_files, files);
    if (deleted !== undefined) {
      this.#deleted += 1;
      log.info("deleted the oldest rotated file to keep max_files", { path: deleted, max_files });
    }
    if (atomic) files.rename(this.#workPath, this.#path);
    this.#published += 1;
  }

  /** Runs once; in a timer nobody can catch, so a failure is logged and what waits is tried again. */
  #after(timer: "flush" | "sync" | "age", delayMs: number, run: () => void) {
    this.#timers[timer]?.();
    this.#timers[timer] = this.#context.clock.setTimer(() => {
      this.#timers[timer] = undefined;
      try {
        run();
      } catch (error) {
        this.#context.log.error("cannot write lines; trying again", { error: (error as Error).message });
        this.#after(timer, Math.max(delayMs, SYNC_EVERY_MS), run);
      }
    }, delayMs);
  }
}
