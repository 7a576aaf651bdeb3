import * as fs from "node:fs";
import * as path from "node:path";
import { UsageError } from "./command/index.ts";
import type { Terminal } from "./terminal.ts";

/** A file to be written, its path as a person reads it. */
export interface NewFile {
  path: string;
  text: string;
}

/** Writes all of the files or, when one of them is there already and `force` is not given, none. */
export function writeNewFiles(files: readonly NewFile[], force: boolean, { cwd }: Terminal) {
  const present = files.filter((file) => fs.existsSync(path.resolve(cwd, file.path)));
  if (present.length > 0 && !force) {
    const names = present.map((file) => file.path).join(" and ");
    throw new UsageError(`${names} would be overwritten`, "choose another name, or give --force");
  }
  for (const file of files) write(path.resolve(cwd, file.path), file);
}

function write(absolute: string, { path: shown, text }: NewFile) {
  try {
    fs.mkdirSync(path.dirname(absolute), { recursive: true });
    // Not for others to write: a plugin that they can change is refused.
    fs.writeFileSync(absolute, text, { mode: 0o644 });
  } catch (error) {
    throw new UsageError(`cannot write ${shown}: ${(error as Error).message}`);
  }
}
