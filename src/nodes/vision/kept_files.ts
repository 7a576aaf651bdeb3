import * as path from "node:path";
import * as v from "valibot";
import { BYTE_SIZE, bytesOf } from "../../base/byte_size.ts";
import type { NodeContext } from "../../node/index.ts";

const size = v.union([v.pipe(v.number(), v.integer(), v.minValue(0)), v.pipe(v.string(), v.regex(BYTE_SIZE))]);

/** Config of nodes that fill a folder for a year. */
export const KEPT_ENTRIES = {
  keep_days: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0)), 30),
    v.description("Older files are removed; 0: none."),
  ),
  max_bytes: v.pipe(
    v.optional(size, "1GiB"),
    v.description("Bytes of all files together; the oldest make room for a new one."),
  ),
  min_free: v.pipe(
    v.optional(size, "256MiB"),
    v.description(
      "Free space of the disk below which nothing is written. The oldest files make room, where that would be enough.",
    ),
  ),
};

export interface KeptOptions {
  dir: string;
  keep_days: number;
  max_bytes: string | number;
  min_free: string | number;
}

interface Kept {
  bytes: number;
  atMs: number;
}

/** Bounds the list in memory: some 20 MB of names. The oldest files go when there are more. */
const MAX_FILES = 100_000;
const DAY_MS = 86_400_000;
const DRAFT = ".tmp";

/** Names of what nodes keep begin with an event's time; a folder of holiday pictures has others. */
const OWN_NAME = /^\d{4}-\d\d-\d\dT/;

/** What a run that was killed had not finished. */
const isDraft = (name: string, extensions: readonly string[]) =>
  name.startsWith(".") && name.endsWith(DRAFT) && extensions.includes(path.extname(name.slice(0, -DRAFT.length)));

/**
 * The files that a node writes into a folder and those below it, bounded in age, bytes and number.
 *
 * What lies there with one of `extensions` and a name as nodes give them counts as the node's, from earlier runs too.
 * Everything else is left alone, and so is what a symbolic link leads to.
 */
export class KeptFiles {
  readonly #context: NodeContext;
  readonly #options: KeptOptions;
  readonly #dir: string;
  /** By path, oldest first. */
  readonly #files = new Map<string, Kept>();
  #drafts = 0;
  #bytes = 0;
  #removed = 0;

  constructor(options: KeptOptions, extensions: readonly string[], context: NodeContext) {
    this.#context = context;
    this.#options = options;
    this.#dir = context.files.resolve(options.dir);
    context.files.makeDir(this.#dir);
    const found = [...this.#found(this.#dir, extensions)].sort(([, a], [, b]) => a.mtimeMs - b.mtimeMs);
    for (const [file, facts] of found) this.#add(file, facts);
    this.removeOld();
  }

  /** Removes what is too old. */
  removeOld() {
    const { keep_days } = this.#options;
    const oldestMs = this.#context.clock.nowMs() - keep_days * DAY_MS;
    while (keep_days > 0 && (this.#oldest?.atMs ?? oldestMs) < oldestMs) this.#removeOldest();
  }

  /** Makes room for a file of so many bytes, or throws an Error that says why there is none. */
  makeRoom(bytes: number) {
    const most = bytesOf(this.#options.max_bytes);
    const least = bytesOf(this.#options.min_free);
    if (bytes > most) throw new Error(`cannot keep a file of ${bytes} bytes in ${this.#dir}: max_bytes is ${most}`);
    this.removeOld();
    this.#trim(bytes);
    // A disk that somebody else has filled is not made free by removing everything: then nothing is.
    const helps = this.#free + this.#bytes >= least + bytes;
    while (helps && this.#free < least + bytes && this.#files.size > 0) this.#removeOldest();
    const free = this.#free;
    if (free >= least + bytes) return;
    throw new Error(
      `cannot write ${bytes} bytes to ${this.#dir}: the disk has ${free} bytes left and min_free is ${least}; free some space`,
    );
  }

  /** Writes a file whole or not at all, under the folder; gives its absolute path. Makes room first. */
  async write(relative: string, bytes: Uint8Array): Promise<string> {
    const { file } = await this.make(relative, bytes.length, async (draft) => {
      const open = this.#context.files.open(draft, "w");
      try {
        open.write(bytes);
      } finally {
        open.close();
      }
    });
    return file;
  }

  /** As {@link write}, of about so many bytes, for who makes a file by other means: `fill` fills the draft. */
  async make<Made>(relative: string, about: number, fill: (draft: string) => Promise<Made>) {
    const { files } = this.#context;
    const { file, draft } = this.#begin(relative, about);
    try {
      const made = await fill(draft);
      await files.flush(draft);
      const bytes = files.stat(draft).size;
      this.#trim(bytes);
      await files.move(draft, file);
      this.written(file);
      return { file, bytes, made };
    } catch (error) {
      files.remove(draft);
      throw error;
    }
  }

  /** Absolute. */
  pathOf = (relative: string): string => path.join(this.#dir, relative);

  /** Counts a file that somebody else wrote under the folder. */
  written(file: string) {
    this.#bytes -= this.#files.get(file)?.bytes ?? 0;
    this.#files.delete(file);
    this.#add(file, this.#context.files.stat(file));
  }

  metrics() {
    return { kept_files: this.#files.size, kept_bytes: this.#bytes, removed_total: this.#removed };
  }

  #begin(relative: string, bytes: number) {
    this.makeRoom(bytes);
    const file = this.pathOf(relative);
    this.#context.files.makeDir(path.dirname(file));
    // Numbered: two packets of one time may be under way at once.
    const draft = `.${this.#drafts++}.${path.basename(file)}${DRAFT}`;
    return { file, draft: path.join(path.dirname(file), draft) };
  }

  /** Makes room among the files for one of so many bytes. */
  #trim(bytes: number) {
    const most = bytesOf(this.#options.max_bytes);
    while (this.#files.size > 0 && (this.#bytes + bytes > most || this.#files.size >= MAX_FILES)) {
      this.#removeOldest();
    }
  }

  get #free(): number {
    return this.#context.files.freeBytes(this.#dir);
  }

  get #oldest(): Kept | undefined {
    return this.#files.values().next().value;
  }

  #add(file: string, { size: bytes, mtimeMs: atMs }: Facts) {
    this.#files.set(file, { bytes, atMs });
    this.#bytes += bytes;
  }

  #removeOldest() {
    const [file, { bytes }] = this.#files.entries().next().value!;
    this.#files.delete(file);
    this.#bytes -= bytes;
    this.#removed += 1;
    this.#context.files.remove(file);
  }

  #names(dir: string): string[] {
    try {
      return this.#context.files.list(dir);
    } catch (error) {
      if (dir === this.#dir) throw error;
      // Such as lost+found of a disk.
      this.#context.log.warn("a folder cannot be looked through; its files stay", { dir, error: String(error) });
      return [];
    }
  }

  *#found(dir: string, extensions: readonly string[]): Iterable<[string, Facts]> {
    const { files } = this.#context;
    for (const name of this.#names(dir)) {
      const file = path.join(dir, name);
      const facts = files.linkStat(file);
      if (facts.isDirectory()) yield* this.#found(file, extensions);
      else if (!facts.isFile()) continue;
      else if (isDraft(name, extensions)) files.remove(file);
      else if (OWN_NAME.test(name) && extensions.includes(path.extname(name))) yield [file, facts];
    }
  }
}

type Facts = ReturnType<NodeContext["files"]["stat"]>;
