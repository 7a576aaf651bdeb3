import * as fs from "node:fs";

/** Another program takes every byte that is left on the disk. */
export function fillUp(file: string) {
  const descriptor = fs.openSync(file, "a");
  try {
    for (const size of [65_536, 4_096, 1]) writeAll(descriptor, size);
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

function writeAll(descriptor: number, size: number) {
  try {
    for (;;) fs.writeSync(descriptor, new Uint8Array(size));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  }
}

export const remove = (file: string) => fs.rmSync(file);
