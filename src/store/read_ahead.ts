import type { Database } from "bun:sqlite";
import * as fs from "node:fs";
import { readPragma, readRow } from "./pragma.ts";
import { type Child, childrenOf, isLeaf } from "./table_pages.ts";

/** With fewer rows to come they are in the system's memory still, as they were written a moment ago. */
const LEAST_ROWS = 20_000;
/** How far ahead: what a fast queue hands out in a twentieth of a second, longer than a slow card takes for one read. */
const AHEAD_BYTES = 2 * 1024 * 1024;
/** Of one read: as much as the system reads ahead by itself twice over, and little beside what a queue holds in memory. */
const READ_BYTES = 256 * 1024;
/** Leaves that are looked at together: SQLite fills freed pages from the last one down, so the next row often lies before. */
const LEAVES = 128;
/** Pages of other tables between those of this one: reading them along is cheaper than another read. */
const GAP_PAGES = 8;
/** A table of that many levels has more rows than a file can hold. */
const MAX_LEVELS = 8;
const ROOT = "SELECT rootpage FROM sqlite_schema WHERE name = ? AND type = 'table'";
const DESCRIPTORS = "/proc/self/fd";

/** Fills `target` from a place in an open file, in another thread; gives how many bytes there were. */
type Read = (descriptor: number, target: Uint8Array, position: number) => Promise<number>;

const readInto: Read = (descriptor, target, position) => {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  fs.read(descriptor, target, 0, target.length, position, (error, count) => (error ? reject(error) : resolve(count)));
  return promise;
};

/**
 * Brings the pages of the rows that leave next into the system's memory, before SQLite asks for them.
 *
 * Why: SQLite reads one page at a time and waits for it, in the thread that does all else for the queue; a backlog of
 * gigabytes on a disk then leaves a third slower than a short one. Only a hint: it looks at the file as it is without
 * the log, and whatever it misunderstands costs a needless read. It reads through SQLite's own descriptor, as closing
 * a second one would give up the lock on the file (fcntl(2)); where there is no /proc it does nothing.
 */
export class ReadAhead {
  readonly #file: string;
  readonly #db: Database;
  readonly #table: string;
  readonly #read: Read;
  readonly #pageBytes: number;
  readonly #buffer = Buffer.allocUnsafe(READ_BYTES);
  /** Pages with rows from the next one on, in their order. */
  #leaves: readonly Child[] = [];
  /** Of the first that was not read yet, and of the one where the queue is. */
  #next = 0;
  #here = 0;
  #seq = 0;
  #given = 0;
  #busy = false;
  #closed = false;

  constructor(file: string, db: Database, table: string, read: Read = readInto) {
    this.#file = file;
    this.#read = read;
    this.#db = db;
    this.#table = table;
    this.#pageBytes = readPragma(db, "page_size");
  }

  /** Rows up to `seq` were read, and numbers up to `given` are in the table. */
  reached(seq: number, given: number) {
    if (seq < this.#seq) this.#forget();
    this.#seq = seq;
    this.#given = given;
    if (this.#busy || this.#closed || given - seq < LEAST_ROWS || this.#isAhead()) return;
    this.#busy = true;
    // What cannot be read here is told when it is needed.
    this.#fetch()
      .catch(() => {})
      .finally(() => {
        this.#busy = false;
      });
  }

  /** Before the database is closed. */
  close() {
    this.#closed = true;
  }

  /** It begins anew, as after a transaction that failed. */
  #forget() {
    this.#leaves = [];
    this.#next = 0;
    this.#here = 0;
  }

  #isAhead(): boolean {
    if (this.#leaves.length === 0) return false;
    while (this.#here < this.#leaves.length && this.#leaves[this.#here]!.lastRow <= this.#seq) this.#here += 1;
    this.#next = Math.max(this.#next, this.#here);
    if (this.#next === this.#leaves.length) return this.#leaves.at(-1)!.lastRow >= this.#given;
    return (this.#next - this.#here) * this.#pageBytes >= AHEAD_BYTES;
  }

  async #fetch() {
    const descriptor = this.#descriptor();
    if (descriptor === undefined) return this.close();
    while (!this.#closed && !this.#isAhead()) {
      if (this.#next === this.#leaves.length && !(await this.#descend(descriptor))) return;
      const leaves = this.#leaves.slice(this.#next, this.#next + LEAVES);
      this.#next += leaves.length;
      const stretches = stretchesOf(
        leaves.map(({ page }) => page),
        READ_BYTES / this.#pageBytes,
      );
      for (const [first, last] of stretches) if (!this.#closed) await this.#pages(descriptor, first, last - first + 1);
    }
  }

  /** Finds the leaves from the first one on that was not read yet, as far as one page tells of them. */
  async #descend(descriptor: number): Promise<boolean> {
    // Asked each time: a VACUUM moves it.
    const root = readRow<{ rootpage: number }>(this.#db, ROOT, this.#table)!.rootpage;
    const after = Math.max(this.#seq, this.#leaves.at(-1)?.lastRow ?? 0);
    let page: Child = { page: root, lastRow: this.#given };
    for (let level = 0; level < MAX_LEVELS; level++) {
      const children = childrenOf(await this.#pages(descriptor, page.page, 1), page.lastRow);
      const coming = children?.filter(({ lastRow }) => lastRow > after) ?? [];
      const below = coming[0];
      if (below === undefined) return false;
      if (isLeaf(await this.#pages(descriptor, below.page, 1))) {
        const rest = this.#leaves.slice(this.#here);
        this.#next -= this.#here;
        this.#here = 0;
        this.#leaves = [...rest, ...coming];
        return true;
      }
      page = below;
    }
    return false;
  }

  /** Given anew by the next call. */
  async #pages(descriptor: number, page: number, count: number): Promise<Uint8Array> {
    const target = this.#buffer.subarray(0, count * this.#pageBytes);
    return target.subarray(0, await this.#read(descriptor, target, (page - 1) * this.#pageBytes));
  }

  /** Of SQLite. Looked for before every stretch, as a number is another's after it was closed. */
  #descriptor(): number | undefined {
    if (!fs.existsSync(DESCRIPTORS)) return undefined;
    const wanted = fs.realpathSync(this.#file);
    const found = fs.readdirSync(DESCRIPTORS).find((number) => target(number) === wanted);
    return found === undefined ? undefined : Number(found);
  }
}

/** First and last of the pages that are read in one go, at most `most` pages. */
export function stretchesOf(pages: readonly number[], most: number): [first: number, last: number][] {
  const stretches: [number, number][] = [];
  for (const page of pages.toSorted((a, b) => a - b)) {
    const current = stretches.at(-1);
    const joins = current !== undefined && page - current[1] <= GAP_PAGES && page - current[0] < most;
    if (joins) current[1] = page;
    else stretches.push([page, page]);
  }
  return stretches;
}

function target(number: string): string | undefined {
  try {
    return fs.readlinkSync(`${DESCRIPTORS}/${number}`);
  } catch {
    // Closed meanwhile, as the one of the listing itself.
    return undefined;
  }
}
