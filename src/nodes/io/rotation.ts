import type { Files, OpenFile } from "../../node/index.ts";

/**
 * Makes room at `path`: the file there becomes `path.1`, that one `path.2`, and so on up to `maxFiles`.
 * Gives back the path of the oldest one when it had to go.
 */
export function shiftFiles(path: string, maxFiles: number, files: Files): string | undefined {
  if (!files.exists(path)) return undefined;
  let free = 1;
  while (free < maxFiles && files.exists(`${path}.${free}`)) free += 1;
  const last = `${path}.${free}`;
  const deleted = files.exists(last) ? last : undefined;
  // A rename replaces its target, which is the deletion. Oldest first, so a crash leaves a gap, not a loss.
  for (let n = free; n > 1; n--) files.rename(`${path}.${n - 1}`, `${path}.${n}`);
  files.rename(path, `${path}.1`);
  return deleted;
}

/** True when the file has bytes and the last one is not a line end. */
export function endsTorn(file: OpenFile): boolean {
  try {
    const { size } = file.stat();
    const last = new Uint8Array(1);
    return size > 0 && file.read(last, size - 1) === 1 && last[0] !== 0x0a;
  } finally {
    file.close();
  }
}
