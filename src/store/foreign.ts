import * as fs from "node:fs";
import * as path from "node:path";

/** Whose a file or folder is that this user has no right to, and the ways out. */
export function foreign(name: string): string {
  const there = nearest(name);
  const found = fs.statSync(there);
  if (found.uid === process.getuid?.()) return own(there, found);
  const owner = userName(found.uid);
  const what = found.isDirectory() ? "folder" : "file";
  return `${there} belongs to ${owner}, and this runs as ${userName(process.getuid?.() ?? -1)}: run it as ${owner}, give this user the ${what} (chown), or name another one`;
}

/** Its own user is kept out by its mode, or by what stands above modes. */
function own(there: string, found: fs.Stats): string {
  const [what, rights, bits] = found.isDirectory() ? ["folder", "rwx", 0o700] : ["file", "rw", 0o600];
  const mode = (found.mode & 0o777).toString(8);
  if ((found.mode & bits) === bits) {
    return `${there} belongs to this user and its mode ${mode} allows it, so something else forbids it (lsattr shows its attributes): lift that, or name another ${what}`;
  }
  return `${there} belongs to this user, and its mode ${mode} keeps it out: allow it (chmod u+${rights}), or name another ${what}`;
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
