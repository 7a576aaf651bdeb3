import * as fs from "node:fs";

/** Names of a folder's files with this ending, in order; none for what is no folder, or one that cannot be read. */
export function namesIn(folder: string, ending: string): string[] {
  try {
    return fs
      .readdirSync(folder)
      .filter((name) => name.endsWith(ending))
      .sort();
  } catch {
    // Missing, a file, a link to itself, not ours to read: the job looked elsewhere then.
    return [];
  }
}
