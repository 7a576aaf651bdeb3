import * as fs from "node:fs";
import { isPacket } from "../packet/index.ts";
import {
  RECORDING_VERSION,
  RecordingError,
  type RecordingEvent,
  type RecordingHeader,
  type WrittenLine,
} from "./format.ts";
import { decodeValue } from "./value_codec.ts";

/** One read of the file. */
const PIECE_BYTES = 1024 * 1024;
/** A line without its bytes; a packet's JSON beyond that is a mistake or no recording. */
const MAX_LINE_BYTES = 256 * 1024 * 1024;
const LINE_FEED = 0x0a;

/** What is behind the last whole line of a file that was cut off. */
export interface Tail {
  /** Bytes that are left out. */
  readonly bytes: number;
  readonly reason: string;
}

/** A recording that is read from its beginning to its end. */
export interface ReadRecording {
  readonly header: RecordingHeader;
  /** In the order of the run. After the last one {@link tail} is known. */
  readonly events: Generator<RecordingEvent, void>;
  /** Set when the file ends in the middle of a line, as when the recording process was killed. */
  readonly tail: () => Tail | undefined;
  close(): void;
}

/** Opens a recording; throws a {@link RecordingError} when the file is none. */
export function readRecording(file: string): ReadRecording {
  const reader = new Reader(file);
  let tail: Tail | undefined;
  try {
    const header = headerOf(reader, file);
    const events = eventsOf(reader, (found) => {
      tail = found;
    });
    return { header, events, tail: () => tail, close: () => reader.close() };
  } catch (error) {
    reader.close();
    throw error;
  }
}

function headerOf(reader: Reader, file: string): RecordingHeader {
  const refuse = (reason: string) => new RecordingError(`cannot read ${file} as a recording: ${reason}`);
  let header: Partial<RecordingHeader> | null;
  try {
    header = JSON.parse(reader.line() ?? "");
  } catch {
    throw refuse("its first line is no header; schnitzel run GRAPH --record FILE writes one");
  }
  const version = header?.schnitzel_recording;
  if (typeof version !== "number")
    throw refuse("its first line is no header; schnitzel run GRAPH --record FILE writes one");
  if (version > RECORDING_VERSION) {
    throw refuse(
      `it has version ${version} and this program reads ${RECORDING_VERSION}: use the newer schnitzel that wrote it`,
    );
  }
  const { graph, seed, started_at, sources } = header as RecordingHeader;
  const whole = typeof graph?.hash === "string" && typeof seed === "number" && Array.isArray(sources);
  if (!whole || Number.isNaN(Date.parse(started_at)))
    throw refuse("its header lacks graph, seed, started_at or sources");
  return header as RecordingHeader;
}

function* eventsOf(reader: Reader, onTail: (tail: Tail) => void): Generator<RecordingEvent, void> {
  for (;;) {
    const start = reader.position;
    try {
      const line = reader.line();
      if (line === undefined) break;
      yield eventOf(JSON.parse(line), reader);
    } catch (error) {
      if (error instanceof RecordingError) throw error;
      // Whatever cannot be read ends it: what follows might mean something else.
      onTail({ bytes: reader.size - start, reason: (error as Error).message });
      break;
    }
  }
  reader.close();
}

function eventOf(line: WrittenLine, reader: Reader): RecordingEvent {
  const { at, from, packet, ended, lost, closed } = line;
  const bytes = (line.bytes ?? []).map((length) => reader.take(length));
  if (bytes.length > 0) reader.expectLineFeed();
  if (!Number.isFinite(at)) throw new TypeError("the line has no time");
  if (ended !== undefined) return { at, ended };
  if (closed !== undefined) return { at, closed };
  if (typeof from !== "string") throw new TypeError("the line says neither where a packet came from nor what ended");
  if (lost !== undefined) return { at, from, lost };
  const decoded = decodeValue(packet, bytes);
  if (!isPacket(decoded)) throw new TypeError("the line holds no packet");
  const referred = line.referred === undefined ? undefined : bytes[line.referred];
  return { at, from, packet: Object.freeze(decoded), ...(referred === undefined ? {} : { referred }) };
}

/** Lines and pieces of bytes from a file, without having it in memory. */
class Reader {
  readonly size: number;
  readonly #descriptor: number;
  #buffer = Buffer.alloc(0);
  /** Where in the file the buffer begins, and how far in it everything has been given out. */
  #base = 0;
  #used = 0;
  #open = true;

  constructor(file: string) {
    try {
      this.#descriptor = fs.openSync(file, "r");
    } catch (error) {
      throw new RecordingError(`cannot read recording ${file}: ${(error as Error).message}`);
    }
    this.size = fs.fstatSync(this.#descriptor).size;
  }

  get position(): number {
    return this.#base + this.#used;
  }

  /** Without its line feed; undefined at the end of the file. Throws for one that is cut off. */
  line(): string | undefined {
    for (let from = 0; ; ) {
      const at = this.#buffer.indexOf(LINE_FEED, this.#used + from);
      if (at >= 0) return this.#give(at - this.#used, 1).toString("utf8");
      from = this.#buffer.length - this.#used;
      if (from > MAX_LINE_BYTES) throw new Error(`a line has more than ${MAX_LINE_BYTES} bytes`);
      if (this.#more()) continue;
      if (from === 0) return undefined;
      throw new Error("its last line is cut off");
    }
  }

  /** A copy of the next bytes. */
  take(length: number): Uint8Array {
    if (!Number.isSafeInteger(length) || length < 0 || this.position + length > this.size) {
      throw new Error("the bytes of its last packet are cut off");
    }
    while (this.#buffer.length - this.#used < length) if (!this.#more()) throw new Error("its bytes are cut off");
    return Uint8Array.from(this.#give(length, 0));
  }

  expectLineFeed() {
    if (this.line() !== "") throw new Error("the bytes of a packet are not as long as its line says");
  }

  close() {
    if (this.#open) fs.closeSync(this.#descriptor);
    this.#open = false;
  }

  #give(length: number, behind: number): Buffer {
    const given = this.#buffer.subarray(this.#used, this.#used + length);
    this.#used += length + behind;
    return given;
  }

  #more(): boolean {
    if (!this.#open) return false;
    const piece = Buffer.alloc(PIECE_BYTES);
    const read = fs.readSync(this.#descriptor, piece, 0, piece.length, this.#base + this.#buffer.length);
    if (read === 0) return false;
    this.#buffer = Buffer.concat([this.#buffer.subarray(this.#used), piece.subarray(0, read)]);
    this.#base += this.#used;
    this.#used = 0;
    return true;
  }
}
