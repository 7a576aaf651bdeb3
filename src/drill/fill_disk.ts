import * as fs from "node:fs";

const CHUNK = new Uint8Array(1024 * 1024);

/** Writes until nothing fits any more, the last bytes one by one. */
export function fillDisk(file: string) {
  const descriptor = fs.openSync(file, "a");
  try {
    for (let size = CHUNK.length; size >= 1; size = Math.floor(size / 16)) while (fits(descriptor, size)) {}
  } finally {
    fs.closeSync(descriptor);
  }
}

function fits(descriptor: number, size: number): boolean {
  try {
    return fs.writeSync(descriptor, CHUNK, 0, size) === size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") return false;
    throw error;
  }
}
