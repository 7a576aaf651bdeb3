import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

/** Linux keeps what is here in memory. */
const IN_MEMORY = "/dev/shm";
/** What queues and their reserves need; in a container there is often less. */
const NEED_BYTES = 512 * 1024 * 1024;

/**
 * Makes a folder for what a run in virtual time keeps. In memory where there is room: its seconds pass in no time, and
 * what a queue forces onto the disk in each of them would be all that is waited for. `inside`: in a folder that
 * somebody else removes, also when this process is killed.
 */
export function scratchFolder(inside?: string): string {
  return fs.mkdtempSync(path.join(inside ?? place(), "schnitzel-trial-"));
}

const place = () => (process.env.TMPDIR === undefined && hasRoom() ? IN_MEMORY : os.tmpdir());

function hasRoom(): boolean {
  try {
    fs.accessSync(IN_MEMORY, fs.constants.W_OK);
    const { bavail, bsize } = fs.statfsSync(IN_MEMORY);
    return bavail * bsize >= NEED_BYTES;
  } catch {
    return false;
  }
}
