import * as fs from "node:fs";
import * as path from "node:path";

/** Whose a file or folder is that this user has no right to, and the ways out. */
export function foreign(name: string): string {
  const there = nearest(name);
  const found = fs.statSync(there);
  const owner = userName(found.uid);
  const what = found.isDirectory() ? "folder" : "file";
  return `${there} belongs to ${owner}, and this runs as ${userName(process.getuid?.() ?? -1)}: run it as ${owner}, give this user the ${what} (chown), or name another one`;
}

/** It itself, or the nearest one above it that is there. */
function nearest(name: string): string {
  const absolute = path.resolve(name);
  try {
    fs.statSync(absolute);
    return absolute;
  } catch {
    return path.dirname(absolute) === absolute ? absolute : nearest(path.dirname(absolute));
  }
}

function userName(uid: number): string {
  try {
    const lines = fs.readFileSync("/etc/passwd", "utf8").split("\n");
    const name = lines.find((line) => line.split(":")[2] === String(uid))?.split(":")[0];
    return name === undefined ? `user ${uid}` : `user ${name}`;
  } catch {
    return `user ${uid}`;
  }
}
