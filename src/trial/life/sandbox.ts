import * as fs from "node:fs";
import * as path from "node:path";
import { diskFiles, type Files, type OpenFile } from "../../node/index.ts";

export interface SandboxOptions {
  /** Where relative paths of the graph start. */
  readonly base: string;
  /** Everything that is written goes here. */
  readonly root: string;
  /** False once the process of the nodes is dead: nothing of theirs reaches the disk then. */
  alive(): boolean;
  /** Asked before bytes are written; throws what a full disk says. */
  beforeWrite(bytes: number): void;
}

/** The disk of a test: files are read where they are, and written beside that, so that a test changes nothing. */
export function sandboxFiles({ base, root, alive, beforeWrite }: SandboxOptions): Files {
  const disk = diskFiles({ base: "/" });
  const removed = new Set<string>();
  const absolute = (file: string) => path.resolve(base, file);
  const inside = (file: string) => {
    const at = absolute(file);
    return at === root || at.startsWith(root + path.sep) ? at : path.join(root, at);
  };
  const readAt = (file: string) => {
    if (!alive()) throw new Error("the process was killed");
    const own = inside(file);
    return fs.existsSync(own) || removed.has(own) ? own : absolute(file);
  };
  /** `keep`: with what is there. What a file held before the test is not in it else. */
  const writeAt = (file: string, keep: boolean) => {
    const [from, own] = [readAt(file), inside(file)];
    fs.mkdirSync(path.dirname(own), { recursive: true });
    if (keep && from !== own && fs.existsSync(from)) fs.copyFileSync(from, own);
    removed.delete(own);
    return own;
  };
  const rename = (from: string, to: string) => {
    const [source, target] = [writeAt(from, true), writeAt(to, false)];
    fs.renameSync(source, target);
    removed.add(source);
  };
  return {
    // A program or a library that is given the name writes where nothing is harmed.
    resolve: (file) => (fs.existsSync(readAt(file)) ? readAt(file) : inside(file)),
    exists: (file) => fs.existsSync(readAt(file)),
    stat: (file) => fs.statSync(readAt(file)),
    linkStat: (file) => fs.lstatSync(readAt(file)),
    open(file, flags) {
      if (flags === "r") return disk.open(readAt(file), flags);
      if (flags === "wx" && fs.existsSync(readAt(file))) return disk.open(readAt(file), flags);
      return guarded(disk.open(writeAt(file, false), flags), alive, beforeWrite);
    },
    readText: (file) => disk.readText(readAt(file)),
    readBytes: (file) => disk.readBytes(readAt(file)),
    makeDir: (dir) => disk.makeDir(inside(dir)),
    list(dir) {
      const names = [inside(dir), absolute(dir)].flatMap((at) => (fs.existsSync(at) ? fs.readdirSync(at) : []));
      if (names.length === 0) return disk.list(readAt(dir));
      return [...new Set(names)].filter((name) => !removed.has(path.join(inside(dir), name))).sort();
    },
    rename,
    move: async (from, to) => rename(from, to),
    remove(file) {
      fs.rmSync(inside(file), { force: true });
      removed.add(inside(file));
    },
    flush: async (file) => void readAt(file),
    freeBytes: () => disk.freeBytes(root),
  };
}

/** What a process has not handed to the system is gone with it; what it has is in the file. */
function guarded(file: OpenFile, alive: () => boolean, beforeWrite: (bytes: number) => void): OpenFile {
  return {
    ...file,
    // No power is cut in a test, and each would cost milliseconds.
    sync() {},
    write(data) {
      if (!alive()) throw new Error("the process was killed");
      beforeWrite(typeof data === "string" ? Buffer.byteLength(data) : data.length);
      return file.write(data);
    },
  };
}
