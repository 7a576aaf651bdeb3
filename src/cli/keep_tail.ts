export interface Tail {
  /** What is kept, as text. */
  text(): string;
  /** Resolves when the stream ended or broke. */
  ended: Promise<void>;
}

/** Reads a stream to its end, however much comes, and keeps the last `bytes` of it. */
export function keepTail(stream: ReadableStream<Uint8Array>, bytes: number): Tail {
  let kept = Buffer.alloc(0);
  const read = async () => {
    for await (const piece of stream) {
      // A copy: a view would keep the whole piece, and with it each one before.
      kept = Buffer.concat([kept, piece.subarray(-bytes)]).subarray(-bytes);
    }
  };
  return {
    // A text cut in the middle of a character starts with its replacement.
    text: () => kept.toString("utf8").replace(/^\ufffd+/, ""),
    ended: read().catch(() => {}),
  };
}
