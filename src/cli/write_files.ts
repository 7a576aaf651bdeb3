import * as fs from "node:fs";
import * as path from "node:path";
import { UsageError } from "./command/index.ts";
import type { Terminal } from "./terminal.ts";

/** A file to be written, its path as a person reads it. */
export interface NewFile {
  path: string;
  text: string;
}

/**
 * Writes all of the files or, when one of them is there already and `force` is not given, none. Commands that never
 * overwrite give no `force`: there is no such flag to speak of.
 */
export function writeNewFiles(files: readonly NewFile[], force: boolean | undefined, { cwd }: Terminal) {
  const present = files.filter((file) => isTaken(path.resolve(cwd, file.path)));
  const hint = force === undefined ? "choose another name" : "choose another name, or give --force";
  if (present.length > 0 && force !== true) {
    const names = present.map((file) => file.path).join(" and ");
    throw new UsageError(`${names} would be overwritten`, hint);
  }
  for (const file of files) write(path.resolve(cwd, file.path), file, force === true ? "w" : "wx");
}

/** True also for a link that leads to nothing yet: writing through it makes a file elsewhere. */
function isTaken(absolute: string): boolean {
  try {
    return fs.lstatSync(absolute, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // Below something that is no folder: writing tells what.
    return false;
  }
}

function write(absolute: string, { path: shown, text }: NewFile, flag: "w" | "wx") {
  try {
    fs.mkdirSync(path.dirname(absolute), { recursive: true });
    // Not for others to write: a plugin that they can change is refused.
    fs.writeFileSync(absolute, text, { mode: 0o644, flag });
  } catch (error) {
    throw new UsageError(`cannot write ${shown}: ${(error as Error).message}`);
  }
}
