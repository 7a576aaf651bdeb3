import { NutCursor, Short } from "./nut_cursor.ts";
import {
  FRAME,
  type FrameCode,
  N,
  type NutMain,
  type NutStream,
  readFrameRate,
  readMain,
  readStream,
} from "./nut_header.ts";

const MAGIC = "nut/multimedia container\0";
/** Packets besides frames, by their start code. */
const START = {
  main: "4e4d7a561f5f04ad",
  stream: "4e5311405bf2f9db",
  sync: "4e4be4adeeca4569",
  info: "4e49ab68b596ba78",
};
/** A packet with a longer body than this has a checksum of its head. */
const LONG_PACKET = 4_096;
/** Why 1 MiB: headers have some hundred bytes; more is no NUT, and is not gathered. */
const MAX_HEADER_BYTES = 1 << 20;

export interface NutFrame {
  /** Bytes of the picture. */
  readonly size: number;
  /** In units of the stream's time base. */
  readonly pts: number;
}

/** What is known once the headers are read. */
export interface NutHead extends NutStream {
  readonly fps: number | undefined;
}

/**
 * Reads NUT, the container in which ffmpeg hands over raw pictures with their exact times.
 *
 * Of its own because no package reads it; NUT and not a simpler one because raw video has no times at all, Matroska
 * rounds them to milliseconds, and MP4 gathers each frame first. It costs some ten bytes a frame. Checksums are not
 * looked at: the bytes come through a pipe from a process on this machine.
 */
export class NutReader {
  readonly #chunks: { read(): Promise<{ value?: Uint8Array | undefined }>; cancel(): Promise<void> };
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #ended = false;
  #main!: NutMain;
  #stream!: NutStream;
  #fps: number | undefined;
  #lastPts = 0;
  #prefix: Uint8Array = new Uint8Array(0);

  constructor(chunks: ReadableStream<Uint8Array>) {
    this.#chunks = chunks.getReader();
  }

  /** Reads up to the first frame; undefined when nothing came. */
  async head(): Promise<NutHead | undefined> {
    if (!(await this.#more()) || (await this.#parse(readMagic)) === undefined) return undefined;
    for (;;) {
      const kind = await this.#parse((cursor) => this.#packet(cursor));
      if (kind === undefined) return undefined;
      if (kind === START.sync) return { ...this.#stream, fps: this.#fps };
    }
  }

  /** The head of the next frame, whose bytes are then read by {@link into}; undefined at the end. */
  async frame(): Promise<NutFrame | undefined> {
    for (;;) {
      const read = await this.#parse((cursor) =>
        this.#bytes[cursor.at] === N ? this.#packet(cursor) : this.#frameHead(cursor),
      );
      if (read === undefined || (typeof read === "object" && read.size > 0)) return read as NutFrame | undefined;
    }
  }

  /** Reads the bytes of the frame; false when the input ended before its last one. */
  async into(target: Uint8Array): Promise<boolean> {
    target.set(this.#prefix);
    for (let done = this.#prefix.length; ; ) {
      const take = Math.min(this.#bytes.length - this.#at, target.length - done);
      target.set(this.#bytes.subarray(this.#at, this.#at + take), done);
      this.#at += take;
      done += take;
      if (done === target.length) return true;
      if (!(await this.#more())) return false;
    }
  }

  /** Reads the bytes of the frame and keeps none. */
  async pass({ size }: NutFrame): Promise<boolean> {
    for (let left = size - this.#prefix.length; ; ) {
      const take = Math.min(this.#bytes.length - this.#at, left);
      this.#at += take;
      left -= take;
      if (left === 0) return true;
      if (!(await this.#more())) return false;
    }
  }

  /** Gives the pipe back; kill the writer first. */
  close(): void {
    this.#chunks.cancel().catch(() => {});
  }

  /** Parses at the place where reading is, again with more bytes as long as they do not suffice. */
  async #parse<Read>(read: (cursor: NutCursor) => Read): Promise<Read | undefined> {
    for (;;) {
      const cursor = new NutCursor(this.#bytes, this.#at);
      try {
        const result = read(cursor);
        this.#at = cursor.at;
        return result;
      } catch (error) {
        if (!(error instanceof Short)) throw new Error(`cannot read what ffmpeg sent: ${(error as Error).message}`);
      }
      if (this.#bytes.length - this.#at > MAX_HEADER_BYTES)
        throw new Error("cannot read what ffmpeg sent: it is no NUT");
      if (!(await this.#more())) return undefined;
    }
  }

  /** Appends the next piece of the pipe to what is left; false at the end. */
  async #more(): Promise<boolean> {
    if (this.#ended) return false;
    const { value } = await this.#chunks.read();
    if (value === undefined) {
      this.#ended = true;
      return false;
    }
    const left = this.#bytes.length - this.#at;
    // Within a frame nothing is left, so its bytes are copied once: from the piece to their place.
    this.#bytes = left === 0 ? value : Buffer.concat([this.#bytes.subarray(this.#at), value]);
    this.#at = 0;
    return true;
  }

  #packet(cursor: NutCursor): string {
    const code = cursor.hex(8);
    const length = cursor.number();
    if (length > LONG_PACKET) cursor.take(4);
    const body = new NutCursor(cursor.take(length));
    if (code === START.main) this.#main = readMain(body);
    else if (code === START.stream) this.#stream = readStream(body, this.#main);
    else if (code === START.info) this.#fps ??= readFrameRate(body);
    else if (code === START.sync) this.#sync(body);
    return code;
  }

  /** The time from which frames without a whole one of their own are counted. */
  #sync(cursor: NutCursor) {
    const key = cursor.number();
    const { timeBases } = this.#main;
    const [num, den] = timeBases[key % timeBases.length]!;
    const [ownNum, ownDen] = this.#stream.timeBase;
    const value = Math.floor(key / timeBases.length);
    this.#lastPts = num * ownDen === ownNum * den ? value : Math.floor((value * num * ownDen) / (den * ownNum));
  }

  #frameHead(cursor: NutCursor): NutFrame {
    const code = this.#main.codes[cursor.byte()]!;
    let flags = code.flags;
    if (flags & FRAME.coded) flags ^= cursor.number();
    if (flags & FRAME.invalid) throw new Error("a frame has an invalid code");
    if (flags & FRAME.streamId) cursor.number();
    const pts = flags & FRAME.codedPts ? this.#wholePts(cursor.number()) : this.#lastPts + code.ptsDelta;
    const size = flags & FRAME.sizeMsb ? cursor.number() * code.sizeMul + code.sizeLsb : code.sizeLsb;
    if (flags & FRAME.matchTime) cursor.skipNumber();
    const headerIdx = flags & FRAME.headerIdx ? cursor.number() : code.headerIdx;
    skipReserved(cursor, flags, code);
    this.#lastPts = pts;
    this.#prefix = this.#main.elided[headerIdx] ?? this.#prefix;
    return { size: size + (size === 0 ? 0 : this.#prefix.length), pts };
  }

  /** A short time says only its low bits, near the last one. */
  #wholePts(coded: number): number {
    const span = 2 ** this.#stream.msbPtsShift;
    if (coded >= span) return coded - span;
    const from = this.#lastPts - Math.floor((span - 1) / 2);
    return from + ((((coded - from) % span) + span) % span);
  }
}

function readMagic(cursor: NutCursor): true {
  if (Buffer.from(cursor.take(MAGIC.length)).toString("latin1") !== MAGIC) throw new Error("it is no NUT");
  return true;
}

function skipReserved(cursor: NutCursor, flags: number, { reserved }: FrameCode) {
  const fields = flags & FRAME.reserved ? cursor.number() : reserved;
  for (let field = 0; field < fields; field++) cursor.skipNumber();
  if (flags & FRAME.checksum) cursor.take(4);
  if (flags & FRAME.sideData) throw new Error("a frame carries data besides its picture");
}
