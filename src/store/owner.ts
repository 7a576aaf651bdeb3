import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

/** Who has a queue file, as far as it could say so. */
export interface Owner {
  pid: number;
  host: string;
  /** How it was started, its first two arguments: enough to know it by, and too little to hold a secret. */
  command: string;
}

/** Beside the file, who has it: a locked database cannot be asked. Only read when the lock is taken. */
const noteOf = (file: string) => `${file}.owner`;

export function noteOwner(file: string) {
  const command = [path.basename(process.execPath), ...process.argv.slice(2, 4)].join(" ");
  try {
    const note = { pid: process.pid, host: os.hostname(), command } satisfies Owner;
    fs.writeFileSync(noteOf(file), `${JSON.stringify(note)}\n`, { mode: 0o600 });
  } catch {
    // A word for whoever comes second; without it that error names no process.
  }
}

export function forgetOwner(file: string) {
  try {
    fs.rmSync(noteOf(file), { force: true });
  } catch {
    // On a disk that turned read-only; whoever reads it sees that this process is gone.
  }
}

/** What the owner of `file` said of itself. Undefined when nobody did, or when that process is gone. */
export function ownerOf(file: string): Owner | undefined {
  try {
    const { pid, host, command } = JSON.parse(fs.readFileSync(noteOf(file), "utf8")) as Partial<Owner>;
    if (!Number.isInteger(pid) || typeof host !== "string" || typeof command !== "string") return undefined;
    return host === os.hostname() && !isAlive(pid!) ? undefined : { pid: pid!, host, command };
  } catch {
    return undefined;
  }
}

/** A process of another user says "not permitted", which is a sign of life. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
