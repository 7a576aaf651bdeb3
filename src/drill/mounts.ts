import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { program } from "./program.ts";

/**
 * Folders of the drill. Whatever it mounts is mounted in one of these, so that a drill that was killed can be
 * cleaned up by the next one, and nobody else's mount is ever touched.
 */
const PREFIX = "schnitzel-drill-";
/** Inside a folder: the process it belongs to, and below it those that this one started in the folder. */
const OWNER = "owner";

/** Makes a folder of this process below `parent`. */
export function makeFolder(parent = os.tmpdir()): string {
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(parent), PREFIX));
  fs.writeFileSync(path.join(folder, OWNER), lineOf(process.pid));
  return folder;
}

/** Remembers a process that would go on, and hold its files, when this one is killed. */
export function noteChild(folder: string, pid: number) {
  fs.appendFileSync(path.join(folder, OWNER), lineOf(pid));
}

const lineOf = (pid: number) => `${pid} ${startOf(pid)}\n`;

/** Unmounts what is mounted below the folder and removes it. */
export async function removeFolder(folder: string): Promise<void> {
  for (const mount of mountsBelow(folder)) await unmount(mount);
  // Invariant: a folder with a mount in it is never removed recursively.
  if (mountsBelow(folder).length === 0) fs.rmSync(folder, { recursive: true, force: true });
}

/** Removes what drills left that were killed before they could; gives their folders. */
export async function removeLeftovers(parent = os.tmpdir()): Promise<string[]> {
  const root = fs.realpathSync(parent);
  const folders = fs.readdirSync(root).filter((name) => name.startsWith(PREFIX));
  const left = folders.map((name) => path.join(root, name)).filter(isOrphan);
  for (const folder of left) {
    endChildren(folder);
    await removeFolder(folder);
  }
  return left;
}

/** Only a folder whose owner has ended: one without an owner is not known to be ours. */
function isOrphan(folder: string): boolean {
  const [owner] = processesOf(folder);
  return owner !== undefined && !isRunning(owner);
}

/** Ends, by pid, what an orphan's owner started and could not end. */
function endChildren(folder: string) {
  for (const child of processesOf(folder).slice(1)) {
    if (isRunning(child)) process.kill(child.pid, "SIGKILL");
  }
}

interface Process {
  readonly pid: number;
  readonly start: string;
}

function processesOf(folder: string): Process[] {
  const file = path.join(folder, OWNER);
  if (!fs.existsSync(file)) return [];
  const lines = fs.readFileSync(file, "utf8").trim().split("\n");
  return lines.map((line) => line.split(" ")).map(([pid, start]) => ({ pid: Number(pid), start: start ?? "" }));
}

/** Not another one that was given the same pid since. */
const isRunning = ({ pid, start }: Process) => start !== "gone" && startOf(pid) === start;

/** When a process started, in ticks since boot: with its pid that names it. "gone" of one that is not there. */
function startOf(pid: number): string {
  if (process.platform !== "linux") return isAlive(pid) ? "alive" : "gone";
  try {
    // Behind the name in brackets, which may hold spaces, start time is the 20th field.
    return fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ")[19]!;
  } catch {
    return "gone";
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Mount points at or below a folder, the innermost first. */
export function mountsBelow(folder: string): string[] {
  if (process.platform !== "linux") return [];
  const points = fs.readFileSync("/proc/self/mounts", "utf8").split("\n");
  // The kernel writes a space in a name as \040.
  const named = points.map((line) => (line.split(" ")[1] ?? "").replaceAll("\\040", " "));
  return named.filter((point) => point === folder || point.startsWith(`${folder}/`)).reverse();
}

/** Tries of one unmount; a process that was just killed holds its files for some milliseconds more. */
const TRIES = 50;
const PAUSE_MS = 20;

export async function unmount(point: string): Promise<void> {
  for (let left = TRIES; ; left--) {
    try {
      await program(["umount", point]);
      return;
    } catch (error) {
      if (left === 1) throw error;
      await Bun.sleep(PAUSE_MS);
    }
  }
}
