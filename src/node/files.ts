import * as fs from "node:fs";
import * as path from "node:path";

/** A file opened by {@link Files}; every call is synchronous and short. */
export interface OpenFile {
  /** Reads up to `buffer.length` bytes at `position` (null: where the last read ended). 0 is the end. */
  read(buffer: Uint8Array, position: number | null): number;
  write(data: string | Uint8Array): number;
  sync(): void;
  stat(): fs.Stats;
  close(): void;
}

/** The disk as nodes see it. Paths may be relative; they start at the graph file's folder. */
export interface Files {
  /** Absolute path of an input or output that a graph names. */
  resolve(file: string): string;
  exists(file: string): boolean;
  stat(file: string): fs.Stats;
  /** As {@link stat}, but of a symbolic link itself. */
  linkStat(file: string): fs.Stats;
  open(file: string, flags: "r" | "a" | "w" | "wx"): OpenFile;
  readText(file: string): string;
  readBytes(file: string): Uint8Array;
  makeDir(dir: string): void;
  list(dir: string): string[];
  /** Renames inside one folder and syncs the folder, so the new name survives a power cut. */
  rename(from: string, to: string): void;
  /** As {@link rename}, off this thread: a memory card may take half a second. */
  move(from: string, to: string): Promise<void>;
  remove(file: string): void;
  /** Waits, off this thread, until what another process wrote into a file is on the disk. */
  flush(file: string): Promise<void>;
  /** Bytes that this user can still write to the disk of an existing folder. */
  freeBytes(dir: string): number;
}

export interface DiskOptions {
  /** Where relative paths start. */
  base: string;
  /** Tried for reading when the path is absent under `base` (the predecessor used the current directory). */
  fallback?: string;
}

/** {@link Files} on the real disk. */
export function diskFiles({ base, fallback }: DiskOptions): Files {
  const resolve = (file: string) => {
    const absolute = path.resolve(base, file);
    if (fallback === undefined || path.isAbsolute(file) || fs.existsSync(absolute)) return absolute;
    return path.resolve(fallback, file);
  };
  return {
    resolve,
    exists: (file) => fs.existsSync(resolve(file)),
    stat: (file) => fs.statSync(resolve(file)),
    linkStat: (file) => fs.lstatSync(resolve(file)),
    open: (file, flags) => openFile(noPipe(resolve(file)), flags),
    readText: (file) => fs.readFileSync(noPipe(resolve(file)), "utf8"),
    readBytes: (file) => fs.readFileSync(noPipe(resolve(file))),
    makeDir: (dir) => void fs.mkdirSync(resolve(dir), { recursive: true }),
    list: (dir) => fs.readdirSync(resolve(dir)).sort(),
    rename(from, to) {
      fs.renameSync(resolve(from), resolve(to));
      syncFolder(path.dirname(resolve(to)));
    },
    async move(from, to) {
      await fs.promises.rename(resolve(from), resolve(to));
      if (process.platform !== "win32") await flush(path.dirname(resolve(to)), "r");
    },
    remove: (file) => fs.rmSync(resolve(file), { force: true }),
    flush: (file) => flush(resolve(file), "r+"),
    freeBytes(dir) {
      const { bavail, bsize } = fs.statfsSync(resolve(dir));
      return bavail * bsize;
    },
  };
}

/** Opening a named pipe waits for its other end and holds the only thread, so that not even a signal is heard. */
function noPipe(file: string): string {
  if (!fs.statSync(file, { throwIfNoEntry: false })?.isFIFO()) return file;
  throw new Error("it is a named pipe, which may wait for ever: use standard input (stdin_source) or output instead");
}

function openFile(file: string, flags: string): OpenFile {
  const descriptor = fs.openSync(file, flags);
  let open = true;
  return {
    read: (buffer, position) => fs.readSync(descriptor, buffer, 0, buffer.length, position),
    write(data) {
      const bytes = typeof data === "string" ? Buffer.from(data) : data;
      // A short write is legal (signals, full disk soon); the rest is written or the error thrown.
      for (let done = 0; done < bytes.length; ) done += fs.writeSync(descriptor, bytes, done);
      return bytes.length;
    },
    sync() {
      try {
        fs.fsyncSync(descriptor);
      } catch (error) {
        // A device such as /dev/null has nothing to sync.
        if ((error as NodeJS.ErrnoException).code !== "EINVAL") throw error;
      }
    },
    stat: () => fs.fstatSync(descriptor),
    close() {
      if (open) fs.closeSync(descriptor);
      open = false;
    },
  };
}

async function flush(file: string, flags: "r" | "r+") {
  const open = await fs.promises.open(file, flags);
  try {
    await open.sync();
  } finally {
    await open.close();
  }
}

/** Windows cannot open folders, and its rename is journaled. */
function syncFolder(folder: string) {
  if (process.platform === "win32") return;
  const descriptor = fs.openSync(folder, "r");
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}
