import * as fs from "node:fs";
import * as path from "node:path";

/**
 * Stands before a command: mounts with `mount` at the folder and becomes the command, in a mount namespace that ends
 * with it. From outside that folder is {@link insideOf}.
 */
export const onOwnDisk = (mount: (at: string) => string, at: string): string[] => [
  ...["unshare", "--mount", "sh", "-c", `${mount(at)} || exit 99; exec "$@"`, "sh"],
];

/** A path as the process sees it that has a disk of its own. */
export const insideOf = (pid: number, file: string) => path.join(`/proc/${pid}/root`, file);

/** Fills the disk that `file` lies on to the last byte; gives how many bytes that were. */
export function fillUp(file: string): number {
  const chunk = Buffer.alloc(256 * 1_024, 1);
  const fd = fs.openSync(file, "w");
  try {
    // Ever smaller pieces: the last free bytes are fewer than one large one.
    for (let size = chunk.length; size >= 1; ) {
      try {
        fs.writeSync(fd, chunk, 0, size);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
        size >>= 1;
      }
    }
    return fs.fstatSync(fd).size;
  } finally {
    fs.closeSync(fd);
  }
}
