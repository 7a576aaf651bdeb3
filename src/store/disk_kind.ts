import * as fs from "node:fs";
import * as path from "node:path";

/** Where a folder lies. `unchecked`: this system does not say, or not in a way that is known here. */
export interface DiskKind {
  kind: "local" | "network" | "memory" | "unchecked";
  /** As the system calls it: `ext4` is not told apart from others that are fine, they are all `local`. */
  name: string;
}

/**
 * File systems on which a queue cannot keep its promise, by the magic number of statfs(2). Their locks do not hold
 * between machines, an fsync ends in the memory of another machine, or its error comes on a later call.
 */
const NETWORK: Readonly<Record<number, string>> = {
  26985: "nfs",
  20859: "smb",
  4283649346: "cifs",
  4266872130: "smb2",
  16914839: "9p",
  1397113167: "afs",
  1799439955: "afs",
  12805120: "ceph",
  1937076805: "coda",
  198183888: "lustre",
  1196443219: "gpfs",
  428016422: "beegfs",
  2020557398: "vboxsf",
  3133910204: "vmhgfs",
};
const MEMORY: Readonly<Record<number, string>> = { 16914836: "tmpfs", 2240043254: "ramfs" };
const FUSE = 0x65735546;

/** On what kind of disk an existing folder lies. */
export function diskKind(folder: string): DiskKind {
  if (process.platform === "win32") {
    return /^[\\/]{2}[^?.]/.test(path.resolve(folder)) ? { kind: "network", name: "smb" } : unchecked;
  }
  if (process.platform !== "linux") return unchecked;
  // Some numbers have the highest bit set, and come signed on some systems.
  const magic = fs.statfsSync(folder).type >>> 0;
  if (magic === FUSE)
    return fuseKind(mountType(fs.readFileSync("/proc/self/mountinfo", "utf8"), fs.statSync(folder).dev));
  const network = NETWORK[magic];
  if (network !== undefined) return { kind: "network", name: network };
  const memory = MEMORY[magic];
  return memory === undefined ? { kind: "local", name: "local" } : { kind: "memory", name: memory };
}

const unchecked: DiskKind = { kind: "unchecked", name: process.platform };

/**
 * A program holds what lies on a FUSE disk, and what its fsync does is its own affair; most are clients of a server.
 * `fuseblk` is a local disk behind one (NTFS, exFAT).
 */
export function fuseKind(type: string | undefined): DiskKind {
  if (type === "fuseblk") return { kind: "local", name: type };
  return { kind: "network", name: type ?? "fuse" };
}

/** The type of the file system with device number `device`, from the text of /proc/self/mountinfo (proc(5)). */
export function mountType(mountinfo: string, device: number): string | undefined {
  const major = (device >>> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >>> 12) & 0xfff00);
  const lines = mountinfo.split("\n").filter((line) => line.split(" ")[2] === `${major}:${minor}`);
  return lines.at(-1)?.split(" - ")[1]?.split(" ")[0];
}

/** Bytes that this user may still write on the disk of `folder`. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = fs.statfsSync(folder);
  return bavail * bsize;
}
