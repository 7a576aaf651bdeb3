import * as fs from "node:fs";
import * as path from "node:path";
import { type Ran, runCommand } from "./binary.ts";

/** A disk that only some processes see, mounted in a namespace of its own for as long as this lives. */
export interface OwnDisk {
  /** Stands before a command that is to see it. */
  readonly before: readonly string[];
  /** A path as those see it, for everybody else. */
  inside(file: string): string;
  /** Runs a shell script there. */
  sh(script: string): Promise<Ran>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Mounts with `mount` at the folder `at`, which becomes the directory of what runs there. */
export async function ownDisk(mount: (at: string) => string, at: string): Promise<OwnDisk> {
  fs.mkdirSync(at, { recursive: true });
  // It says so when it is mounted, and ends with whoever started it: its input is closed then.
  const script = `${mount(at)} || exit 99; echo mounted; cat; umount -R -l '${at}'`;
  const keeper = Bun.spawn(["unshare", "--mount", "sh", "-c", script], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const { value } = await keeper.stdout.getReader().read();
  if (value === undefined) throw new Error(`cannot mount: ${mount(at)}`);
  const before = ["nsenter", `--mount=/proc/${keeper.pid}/ns/mnt`, `--wd=${path.dirname(at)}`];
  return {
    before,
    inside: (file) => path.join(`/proc/${keeper.pid}/root`, file),
    sh: (text) => runCommand([...before, "sh", "-c", text]),
    async [Symbol.asyncDispose]() {
      keeper.stdin.end();
      await keeper.exited;
    },
  };
}

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
