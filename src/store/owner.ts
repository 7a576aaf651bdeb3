import * as fs from "node:fs";

/** Beside the file, who has it: a locked database cannot be asked. Only read when the lock is taken. */
const noteOf = (file: string) => `${file}.owner`;

export function noteOwner(file: string) {
  try {
    fs.writeFileSync(noteOf(file), `${process.pid}\n`);
  } catch {
    // A word for whoever comes second; without it that error names no process.
  }
}

export function forgetOwner(file: string) {
  fs.rmSync(noteOf(file), { force: true });
}

/** The process that opened `file` last, as far as it could say so. */
export function ownerPid(file: string): number | undefined {
  try {
    const pid = Number.parseInt(fs.readFileSync(noteOf(file), "utf8"), 10);
    return Number.isInteger(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}
