/**
 * The longest line either side takes. A row has at most 16 MiB of JSON text (`MAX_ENTRY_BYTES` of the store), which at
 * most doubles when it is quoted, and some room for what stands around it.
 */
export const MAX_LINE_BYTES = 40 * 1024 * 1024;

const LINE_END = 0x0a;

/** Puts bytes together into lines. A last one without its end is no line. */
export class LineCutter {
  readonly #maxBytes: number;
  #begun: Uint8Array[] = [];
  #bytes = 0;

  constructor(maxBytes = MAX_LINE_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that `chunk` completes. Throws a RangeError when a line is too long. */
  cut(chunk: Uint8Array): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let end = chunk.indexOf(LINE_END); end !== -1; end = chunk.indexOf(LINE_END, from)) {
      this.#add(chunk.subarray(from, end));
      lines.push(Buffer.concat(this.#begun).toString("utf8"));
      this.#begun = [];
      this.#bytes = 0;
      from = end + 1;
    }
    this.#add(chunk.subarray(from));
    return lines;
  }

  #add(part: Uint8Array) {
    this.#bytes += part.length;
    if (this.#bytes > this.#maxBytes)
      throw new RangeError(`a line may have ${this.#maxBytes} bytes, this one has more`);
    if (part.length > 0) this.#begun.push(part);
  }
}

/** Lines of a stream, which is read on when the next one is asked for. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const cutter = new LineCutter();
  for await (const chunk of chunks) yield* cutter.cut(chunk);
}
