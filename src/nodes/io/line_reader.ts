/** What makes records of text. */
export interface LineFormat {
  /**
   * Takes whole lines, each with its line feed except the last one of a file, and gives back how many.
   * `line` is the number of the first; `invalid` holds the numbers of lines that were not UTF-8.
   */
  take(text: string, line: number, invalid?: ReadonlySet<number>): number;
  /** A record goes on behind the lines that were taken. */
  readonly open?: boolean;
  /** Nothing follows; a record that is open is a bad one. */
  end(): void;
  /** The file begins anew. */
  reset(): void;
}

/** A place between two records. */
export interface LinePlace {
  /** Bytes that were pushed behind it. */
  behind: number;
  /** Number of the line that begins there. */
  line: number;
  /** Records that were read before it. */
  seen: number;
}

export type RejectLine = (text: string, line: number, reason: string) => void;

const LF = 0x0a;
/** A slice of a string keeps all of it in memory, so a text field that a node holds on to costs one of these. */
const BLOCK_BYTES = 4_096;
const EMPTY = new Uint8Array(0);
/** Removed here and not by the decoder, which would remove one in front of every block. */
const BOM = "\ufeff";

/**
 * Cuts a stream of bytes into blocks of whole lines and decodes them.
 *
 * An unfinished line is held until its line feed comes, at most `maxLineBytes` of it: a longer line is
 * rejected as soon as that is known and skipped up to its end.
 */
export class LineReader {
  readonly #format: LineFormat;
  readonly #reject: RejectLine;
  readonly #maxLineBytes: number;
  readonly #strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  readonly #lossy = new TextDecoder("utf-8", { ignoreBOM: true });
  #line = 1;
  #held: Uint8Array = EMPTY;
  #skipping = false;
  #pushed = 0;
  #place = { pushed: 0, line: 1, seen: 0 };

  constructor(format: LineFormat, reject: RejectLine, maxLineBytes: number) {
    this.#format = format;
    this.#reject = reject;
    this.#maxLineBytes = maxLineBytes;
  }

  /** Takes the next bytes; they may be overwritten afterwards. */
  push(bytes: Uint8Array): void {
    this.#pushed += bytes.length;
    let at = 0;
    if (this.#skipping || this.#held.length > 0) {
      const end = bytes.indexOf(LF) + 1;
      if (end === 0) {
        this.#hold(bytes);
        return;
      }
      this.#finishHeld(bytes.subarray(0, end));
      at = end;
    }
    const size = Math.min(BLOCK_BYTES, this.#maxLineBytes);
    while (at < bytes.length) {
      const end = blockEnd(bytes, at, size);
      if (end === 0) {
        this.#hold(bytes.subarray(at));
        return;
      }
      this.#block(bytes.subarray(at, end));
      at = end;
    }
  }

  /**
   * The last place between two records, `seen` being the records read so far: what is pushed from there on is read again
   * in the same way.
   */
  place(seen: number): LinePlace {
    const between = !this.#skipping && !this.#format.open;
    if (between) this.#place = { pushed: this.#pushed - this.#held.length, line: this.#line, seen };
    const { pushed, ...place } = this.#place;
    return { ...place, behind: this.#pushed - pushed };
  }

  /** What is pushed next begins with line `line`. `head` is what the file begins with, and holds no record. */
  goOn(line: number, head: Uint8Array) {
    this.push(head);
    this.#held = EMPTY;
    this.#line = line;
    this.#place = { pushed: this.#pushed, line, seen: 0 };
  }

  /** The input ends: a line without a line feed is the last one. */
  end(): void {
    const last = this.#held;
    this.#held = EMPTY;
    this.#skipping = false;
    if (last.length > 0) this.#block(last);
    this.#format.end();
  }

  /** The file was cut to nothing and begins anew; a line whose rest went with it is rejected. */
  restart(): void {
    if (this.#held.length > 0) {
      this.#reject(this.#lossy.decode(this.#held), this.#line, "the file was truncated before the line ended");
    }
    this.#format.reset();
    this.#held = EMPTY;
    this.#skipping = false;
    this.#line = 1;
  }

  #hold(bytes: Uint8Array) {
    if (this.#skipping) return;
    const held = joined(this.#held, bytes);
    this.#held = held;
    if (held.length <= this.#maxLineBytes) return;
    this.#tooLong(held);
    this.#held = EMPTY;
    this.#skipping = true;
  }

  #finishHeld(rest: Uint8Array) {
    if (this.#skipping) {
      this.#skipping = false;
      this.#line += 1;
      return;
    }
    const line = joined(this.#held, rest);
    this.#held = EMPTY;
    this.#block(line);
  }

  /** A block above the limit is one line, because blocks are cut at that size where there is a line feed. */
  #block(bytes: Uint8Array) {
    if (bytes.length > this.#maxLineBytes + 1) {
      this.#tooLong(bytes);
      this.#line += 1;
      return;
    }
    let text: string;
    let invalid: Set<number> | undefined;
    try {
      text = this.#strict.decode(bytes);
    } catch {
      text = this.#lossy.decode(bytes);
      invalid = this.#invalidLines(bytes);
    }
    if (this.#line === 1 && text.startsWith(BOM)) text = text.slice(BOM.length);
    this.#line += this.#format.take(text, this.#line, invalid);
  }

  #invalidLines(bytes: Uint8Array): Set<number> {
    const invalid = new Set<number>();
    for (let at = 0, line = this.#line; at < bytes.length; line++) {
      const end = bytes.indexOf(LF, at) + 1 || bytes.length;
      try {
        this.#strict.decode(bytes.subarray(at, end));
      } catch {
        invalid.add(line);
      }
      at = end;
    }
    return invalid;
  }

  #tooLong(bytes: Uint8Array) {
    const reason = `the line is longer than max_line_bytes (${this.#maxLineBytes})`;
    this.#reject(this.#lossy.decode(bytes.subarray(0, BLOCK_BYTES)), this.#line, reason);
  }
}

/** End of the longest run of whole lines of at most `size` bytes, or of one longer line; 0 without a line feed. */
function blockEnd(bytes: Uint8Array, at: number, size: number): number {
  const end = bytes.lastIndexOf(LF, Math.min(at + size, bytes.length) - 1) + 1;
  return end > at ? end : bytes.indexOf(LF, at) + 1;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
