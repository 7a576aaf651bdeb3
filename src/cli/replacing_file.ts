import * as fs from "node:fs";
import * as path from "node:path";
import { UsageError } from "./command/index.ts";
import { writeAll } from "./standard_io.ts";

/** Text gathered before it is written. */
const BUFFER_CHARS = 64 * 1024;

/** A file that takes its name when it is finished and on the disk; one that is there before is left until then. */
export function replacingFile(file: string, replace: boolean) {
  if (!replace && fs.existsSync(file)) {
    throw new UsageError(`${file} would be overwritten`, "choose another name, or give --force");
  }
  const folder = path.dirname(file);
  if (!fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`cannot write ${file}: there is no folder ${folder}`, "make it first, or choose another one");
  }
  const part = `${file}.part`;
  const descriptor = open(part);
  let buffered = "";
  let isOpen = true;
  const flush = () => {
    writeAll(descriptor, Buffer.from(buffered));
    buffered = "";
  };
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    fs.closeSync(descriptor);
    fs.rmSync(part, { force: true });
  };
  return {
    write(text: string) {
      buffered += text;
      if (buffered.length >= BUFFER_CHARS) flush();
    },
    finish() {
      flush();
      fs.fsyncSync(descriptor);
      fs.renameSync(part, file);
      syncFolder(path.dirname(file));
      close();
    },
    /** Without `finish` nothing is left behind. */
    close,
  };
}

function open(part: string): number {
  try {
    // Packets may hold what not everybody should read.
    return fs.openSync(part, "w", 0o600);
  } catch (error) {
    throw new UsageError(`cannot write ${part}: ${(error as Error).message}`);
  }
}

/** The new name is on the disk as well; Windows cannot open folders, and its renames are journaled. */
function syncFolder(folder: string) {
  if (process.platform === "win32") return;
  const descriptor = fs.openSync(folder, "r");
  fs.fsyncSync(descriptor);
  fs.closeSync(descriptor);
}
