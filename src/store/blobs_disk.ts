import * as fs from "node:fs/promises";
import * as path from "node:path";

/** What the blob store does to the disk, every call off the event loop. Tests record their order and make them fail. */
export interface BlobDisk {
  /** Makes `folder` and what leads to it, each part on the disk before this resolves. */
  makeFolder(folder: string): Promise<void>;
  /** Writes a new file and waits until its bytes are on the disk. */
  write(file: string, bytes: Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Waits until the names in `folder` are on the disk. */
  syncFolder(folder: string): Promise<void>;
  /** The file's bytes; undefined when there is none, or when it is no regular file of `size` bytes. */
  read(file: string, size: number): Promise<Uint8Array | undefined>;
  /** Undefined when there is no such regular file. */
  stat(file: string): Promise<{ size: number; mtimeMs: number } | undefined>;
  /** Names in `folder`; none when there is no such folder. */
  list(folder: string): Promise<string[]>;
  remove(file: string): Promise<void>;
  /** What this user may still write there. */
  freeBytes(folder: string): Promise<number>;
}

const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants;
/** A link would lead out of the store, and a pipe would wait for its other end. */
const READ = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

export const realDisk: BlobDisk = {
  async makeFolder(folder) {
    const first = await fs.mkdir(folder, { recursive: true, mode: 0o700 });
    if (first === undefined) return;
    for (let made = folder; made !== path.dirname(first); made = path.dirname(made)) {
      await realDisk.syncFolder(path.dirname(made));
    }
  },
  async write(file, bytes) {
    const handle = await fs.open(file, "wx", 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  rename: (from, to) => fs.rename(from, to),
  async syncFolder(folder) {
    // Windows cannot open folders, and its renames are journaled.
    if (process.platform === "win32") return;
    const handle = await fs.open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  async read(file, size) {
    const handle = await unlessMissing(fs.open(file, READ));
    if (handle === undefined) return undefined;
    try {
      const stats = await handle.stat();
      if (!stats.isFile() || stats.size !== size) return undefined;
      const { buffer, byteOffset, length } = await handle.readFile();
      // A Buffer is a Uint8Array of its own, which JSON and slice() tell apart.
      return new Uint8Array(buffer, byteOffset, length);
    } finally {
      await handle.close();
    }
  },
  async stat(file) {
    const stats = await unlessMissing(fs.lstat(file));
    return stats?.isFile() ? stats : undefined;
  },
  list: async (folder) => (await unlessMissing(fs.readdir(folder))) ?? [],
  remove: (file) => fs.rm(file, { force: true }),
  async freeBytes(folder) {
    const { bavail, bsize } = await fs.statfs(folder);
    return bavail * bsize;
  },
};

/** ELOOP: the name is a link, and a link is no file of the store. */
async function unlessMissing<Found>(asked: Promise<Found>): Promise<Found | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (/^(ENOENT|ENOTDIR|ELOOP)$/.test((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
