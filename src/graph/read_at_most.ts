import * as fs from "node:fs";

/**
 * The bytes of a regular file, or undefined when there are more than `maxBytes`.
 *
 * What the file says of its size is not asked: a file of /proc says 0 and may go on for gigabytes, or wait.
 */
export function readAtMost(file: string, maxBytes: number): Uint8Array | undefined {
  const { O_RDONLY, O_NONBLOCK = 0 } = fs.constants;
  const descriptor = fs.openSync(file, O_RDONLY | O_NONBLOCK);
  try {
    const chunks: Uint8Array[] = [];
    for (let total = 0; total <= maxBytes; ) {
      const chunk = new Uint8Array(CHUNK_BYTES);
      const count = fs.readSync(descriptor, chunk, 0, chunk.length, null);
      if (count === 0) return Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, count));
      total += count;
    }
    return undefined;
  } finally {
    fs.closeSync(descriptor);
  }
}

const CHUNK_BYTES = 64 * 1024;
