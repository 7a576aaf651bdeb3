import * as fs from "node:fs";
import * as path from "node:path";

/** Makes `folder` and what is missing above it, for this user alone, each part on the disk before a file is in it. */
export function makeDurableFolder(folder: string) {
  const first = fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = folder; made !== path.dirname(first); made = path.dirname(made)) syncFolder(path.dirname(made));
}

/** Puts the names in `folder` on the disk. Windows cannot open folders, and its renames are journaled. */
export function syncFolder(folder: string) {
  if (process.platform === "win32") return;
  syncFile(folder, "r");
}

export function syncFile(file: string, flags: "r" | "r+" = "r+") {
  const descriptor = fs.openSync(file, flags);
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}
