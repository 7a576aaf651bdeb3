import * as fs from "node:fs/promises";
import * as path from "node:path";
import { type BlobDisk, realDisk } from "./blobs_disk.ts";
import { BlobError } from "./blobs_error.ts";

const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants;
/** Longest name of a file or folder that ext4, APFS and NTFS all take. */
const MAX_SEGMENT_BYTES = 255;

/**
 * Files below one folder and nowhere else: names are checked, links in them are not followed, and what was opened is
 * compared with what was checked. A folder named `/` confines nothing.
 */
export class ConfinedFiles {
  readonly root: string;
  readonly #disk: BlobDisk;
  #drafts = 0;

  constructor(root: string, disk: BlobDisk = realDisk) {
    this.root = root;
    this.#disk = disk;
  }

  /** Writes a file as a whole, bytes and name on the disk when it resolves; gives its absolute path. */
  async write(name: string, bytes: Uint8Array): Promise<string> {
    const segments = this.#segments(name);
    await this.#disk.makeFolder(this.root);
    let folder = await fs.realpath(this.root);
    for (const segment of segments.slice(0, -1)) folder = await this.#enter(folder, segment, name);
    const file = path.join(folder, segments.at(-1)!);
    this.#drafts += 1;
    const draft = path.join(folder, `.schnitzel-${process.pid}-${this.#drafts}.tmp`);
    try {
      await this.#disk.remove(draft);
      await this.#disk.write(draft, bytes);
      await this.#disk.rename(draft, file);
    } catch (error) {
      await this.#disk.remove(draft).catch(() => {});
      throw error;
    }
    await this.#disk.syncFolder(folder);
    return file;
  }

  /** Reads a regular file of at most `maxBytes`; a relative path starts at the root. */
  async read(file: string, maxBytes: number): Promise<Uint8Array> {
    const real = await this.#realPath(file);
    const handle = await fs.open(real, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
      throw this.#unreadable(file, error);
    });
    try {
      const opened = await handle.stat();
      const named = await fs.lstat(real);
      // Whoever swaps a folder for a link between the check and the opening has another file there now.
      const same = opened.ino === named.ino && opened.dev === named.dev && (await this.#realPath(file)) === real;
      if (!same || !opened.isFile()) throw refused(file, "it is no regular file, or it was changed meanwhile");
      if (opened.size > maxBytes) throw refused(file, `it has ${opened.size} bytes and max_bytes is ${maxBytes}`);
      const { buffer, byteOffset, length } = await handle.readFile();
      return new Uint8Array(buffer, byteOffset, length);
    } finally {
      await handle.close();
    }
  }

  /** Folders of a name and then the file's own; leading slashes go, as nothing starts at the disk's root here. */
  #segments(name: string): string[] {
    const segments = name.replace(/^\/+/, "").split("/");
    for (const segment of segments) {
      const isName = segment !== "" && segment !== "." && segment !== ".." && !hasForbidden(segment);
      if (!isName || Buffer.byteLength(segment) > MAX_SEGMENT_BYTES) {
        throw refused(name, `each part of a name has 1 to ${MAX_SEGMENT_BYTES} bytes, no NUL, and is not . or ..`);
      }
    }
    return segments;
  }

  async #enter(folder: string, segment: string, name: string): Promise<string> {
    const inner = path.join(folder, segment);
    const made = await fs.mkdir(inner, { mode: 0o700 }).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== "EEXIST") throw error;
        return false;
      },
    );
    if (!(await fs.lstat(inner)).isDirectory()) throw refused(name, `${inner} is a link or a file and no folder`);
    if (made) await this.#disk.syncFolder(folder);
    return inner;
  }

  /** The path with every link in its folders resolved, when that is below the root. */
  async #realPath(file: string): Promise<string> {
    if (hasForbidden(file) || file.split(/[/\\]/).includes("..") || file === "") {
      throw refused(file, "a path has no NUL and no .. in it");
    }
    const absolute = path.resolve(this.root, file);
    try {
      const root = await fs.realpath(this.root);
      const real = path.join(await fs.realpath(path.dirname(absolute)), path.basename(absolute));
      const inside = path.relative(root, real);
      const leaves = inside === "" || inside === ".." || inside.startsWith(`..${path.sep}`) || path.isAbsolute(inside);
      if (!leaves) return real;
    } catch (error) {
      throw this.#unreadable(file, error as NodeJS.ErrnoException);
    }
    throw refused(file, `it is not below ${this.root}`);
  }

  #unreadable(file: string, error: NodeJS.ErrnoException): BlobError {
    if (error.code === "ELOOP") return refused(file, "it is a link");
    const code = /^(ENOENT|ENOTDIR)$/.test(error.code ?? "") ? "BLOB_MISSING" : "BLOB_UNREADABLE";
    return new BlobError(code, `cannot read ${JSON.stringify(file)} below ${this.root}: ${error.message}`, {
      cause: error,
    });
  }
}

/** NUL ends a name in the kernel; on Windows a backslash is a slash and a colon names another disk or stream. */
const hasForbidden = (text: string): boolean =>
  text.includes("\0") || (process.platform === "win32" && /[\\:]/.test(text.replace(/^[a-z]:/i, "")));

function refused(file: string, why: string): BlobError {
  return new BlobError(
    "BLOB_REF",
    `cannot use ${JSON.stringify(file.slice(0, 200))} as the file of a reference: ${why}`,
  );
}
