import type { Clock } from "../base/clock.ts";
import { toError } from "../base/to_error.ts";
import type { StreamPacket } from "../packet/index.ts";
import type { AppendFile } from "./append_file.ts";
import { encodePacket, type LineOptions } from "./encode_line.ts";
import type { ClosedBy, RecordingHeader, WrittenLine } from "./format.ts";
import type { MaskPath } from "./masks.ts";

/**
 * What waits for the disk. Ten raw 1080p pictures, or a second of most streams: a disk that is further behind will not
 * catch up, and a gap in the middle would make the rest of the recording worthless.
 */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** Texts of one write: short lines are gathered, so that a write costs less than what it carries. */
const BATCH_BYTES = 256 * 1024;

/** Why a recording takes no more: it was closed, or the disk failed. */
export type Ending = ClosedBy | "failed";

export interface RecorderOptions extends LineOptions {
  readonly clock: Clock;
  readonly header: RecordingHeader;
  readonly maxBytes: number;
  readonly maxMs: number;
  /** Hears once why it ends before the run does; `error` is what the disk said. */
  onEnded(ending: Exclude<Ending, "run_ended">, error: Error | undefined): void;
}

export interface RecorderStats {
  /** Packets and bytes that were handed to the file. */
  packets: number;
  bytes: number;
  /** Packets that are not in it: it had ended, or could not hold them. */
  unrecorded: number;
  /** Packets in which a secret was hidden. */
  hidden: number;
  /** Payload references whose bytes could not be had. */
  unreferred: number;
  /** Undefined while it takes packets. */
  ended: Ending | undefined;
}

const ENCODER = new TextEncoder();

/** Writes what sources hand to the graph. It never throws, and whoever calls it never waits. */
export class Recorder {
  readonly stats: RecorderStats = { packets: 0, bytes: 0, unrecorded: 0, hidden: 0, unreferred: 0, ended: undefined };
  readonly #file: AppendFile;
  readonly #options: RecorderOptions;
  readonly #startMs: number;
  readonly #unmet: Set<MaskPath>;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #text = "";
  #writing: Promise<void> | undefined;

  /** Times count from now. */
  constructor(file: AppendFile, options: RecorderOptions) {
    this.#file = file;
    this.#unmet = new Set(options.masks);
    this.#options = { ...options, onMasked: (path) => this.#unmet.delete(path) };
    this.#startMs = options.clock.monotonicMs();
    this.#add([`${JSON.stringify(options.header)}\n`]);
  }

  /** `from` is the node and its output port. The packet may change afterwards: what is written is as it is now. */
  sent(from: string, packet: StreamPacket) {
    if (this.stats.ended !== undefined) {
      this.stats.unrecorded += 1;
      return;
    }
    const at = this.#now();
    try {
      const { pieces, hid, unreferred } = encodePacket(at, from, packet, this.#options);
      this.stats.hidden += Number(hid);
      this.stats.unreferred += Number(unreferred);
      if (this.#room(at, bytesOf(pieces))) this.#add(pieces);
      if (this.stats.ended === undefined) this.stats.packets += 1;
      else this.stats.unrecorded += 1;
    } catch (thrown) {
      this.stats.unrecorded += 1;
      const line = textOf({ at, from, lost: this.#options.hide(toError(thrown).message) });
      if (this.#room(at, bytesOf([line]))) this.#add([line]);
    }
  }

  /** Masks that no packet had anything for. */
  get unmetMasks(): MaskPath[] {
    return [...this.#unmet];
  }

  /** A source came to its end. */
  ended(node: string) {
    if (this.stats.ended === undefined) this.#line({ at: this.#now(), ended: node });
  }

  /** Resolves when all of it is written and the file is closed. */
  async close() {
    this.#end("run_ended");
    await this.#writing;
    await this.#file.close().catch(() => {});
  }

  /** Microseconds are enough: the clock has no more. */
  #now(): number {
    return Math.round((this.#options.clock.monotonicMs() - this.#startMs) * 1_000) / 1_000;
  }

  #line(line: WrittenLine) {
    this.#add([textOf(line)]);
  }

  /** False when a bound ends the recording with what there is. */
  #room(at: number, bytes: number): boolean {
    const { maxBytes, maxMs } = this.#options;
    if (at > maxMs) this.#end("max_seconds");
    else if (this.stats.bytes + bytes > maxBytes) this.#end("max_bytes");
    else if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) this.#end("slow_disk");
    return this.stats.ended === undefined;
  }

  #end(ending: ClosedBy) {
    if (this.stats.ended !== undefined) return;
    this.#line({ at: this.#now(), closed: ending });
    this.stats.ended = ending;
    if (ending !== "run_ended") this.#options.onEnded(ending, undefined);
  }

  #fail(error: Error) {
    if (this.stats.ended !== undefined) return;
    this.stats.ended = "failed";
    this.#options.onEnded("failed", error);
  }

  #add(pieces: readonly (string | Uint8Array)[]) {
    for (const piece of pieces) {
      if (typeof piece === "string") this.#text += piece;
      // Copied now: the memory of a picture is used again once its packet is done.
      else this.#queue(piece.slice());
      if (this.#text.length >= BATCH_BYTES) this.#queue(undefined);
    }
    const bytes = bytesOf(pieces);
    this.stats.bytes += bytes;
    this.#waitingBytes += bytes;
    this.#writing ??= Promise.resolve().then(() => this.#writeAll());
  }

  /** Puts the text so far and then `bytes` behind what waits. */
  #queue(bytes: Uint8Array | undefined) {
    if (this.#text !== "") this.#waiting.push(ENCODER.encode(this.#text));
    this.#text = "";
    if (bytes !== undefined) this.#waiting.push(bytes);
  }

  async #writeAll() {
    for (this.#queue(undefined); this.#waiting.length > 0; this.#queue(undefined)) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#file.write(batch);
        this.#waitingBytes -= batch.reduce((sum, { length }) => sum + length, 0);
      } catch (thrown) {
        this.#waiting = [];
        this.#text = "";
        this.#fail(toError(thrown));
      }
    }
    this.#writing = undefined;
  }
}

const textOf = (line: WrittenLine) => `${JSON.stringify(line)}\n`;

function bytesOf(pieces: readonly (string | Uint8Array)[]): number {
  return pieces.reduce((sum, piece) => sum + (typeof piece === "string" ? Buffer.byteLength(piece) : piece.length), 0);
}
