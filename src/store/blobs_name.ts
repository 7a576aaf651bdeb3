import * as path from "node:path";
import type { BlobDisk } from "./blobs_disk.ts";

/** A blob, as its file's name tells it. The size stands there so that opening a store has to look at no file. */
export interface BlobName {
  /** Lower-case hex. */
  readonly sha256: string;
  readonly size: number;
}

/** `ab/cdef….262144`: 256 folders, so that none of them gets too long to list in one go. */
export const blobPath = ({ sha256, size }: BlobName): string =>
  path.join(sha256.slice(0, 2), `${sha256.slice(2)}.${size}`);

/** Those of the 256 folders that are there, in order. */
export async function shardsIn(disk: BlobDisk, folder: string): Promise<string[]> {
  return (await disk.list(folder)).filter((name) => /^[0-9a-f]{2}$/.test(name)).sort();
}

const NAME = /^([0-9a-f]{62})\.(\d{1,15})$/;

/** The blob of a file in folder `shard`; undefined for any other file. */
export function blobOf(shard: string, file: string): BlobName | undefined {
  const [, rest, size] = NAME.exec(file) ?? [];
  return rest === undefined ? undefined : { sha256: shard + rest, size: Number(size) };
}

/** Hashing this much takes about 0.5 ms; timers and sockets have their turn in between. */
const SLICE_BYTES = 1024 * 1024;

/** sha256 in hex. Not by WebCrypto, which copies all of it at once and does not take shared memory. */
export async function sha256Of(bytes: Uint8Array): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    if (at > 0) await new Promise((resolve) => setImmediate(resolve));
    hasher.update(bytes.subarray(at, at + SLICE_BYTES));
  }
  return hasher.digest("hex");
}
