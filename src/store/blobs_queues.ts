import * as path from "node:path";
import type { BlobDisk } from "./blobs_disk.ts";
import { type BlobRows, type MarkOptions, strikeNamed, watchRows } from "./blobs_rows.ts";
import type { OnEvent } from "./guards.ts";
import type { Queue } from "./queue.ts";

/** The rows of a file that no edge of the graph has open, and how to let go of it. */
export type OpenRows = (file: string) => Promise<BlobRows & { close(): Promise<void> }>;

export interface BlobQueuesOptions {
  /** Folder of the blobs; the list of queue files lies in it. */
  folder: string;
  disk: BlobDisk;
  onEvent: OnEvent;
  openRows: OpenRows;
  named(sha256: string): void;
}

const LIST = "queues.json";

/**
 * Every queue file whose rows ever could name a blob of this store.
 *
 * The list is on the disk before the first row is: a queue of an edge that the graph no longer has keeps its rows, and
 * what they name must stay. Such a file is opened when rows are looked through, and closed again.
 */
export class BlobQueues {
  readonly #options: BlobQueuesOptions;
  readonly #open = new Map<string, BlobRows>();
  #listed: Set<string> | undefined;
  #writing: Promise<void> = Promise.resolve();
  #told = new Set<string>();
  #moves = 0;

  constructor(options: BlobQueuesOptions) {
    this.#options = options;
  }

  /** From now on what the queue's rows name stays. The caller goes on with what this gives back. */
  async watch(queue: Queue): Promise<Queue> {
    await this.#list(queue.file);
    this.#moves += 1;
    this.#open.set(queue.file, queue);
    const moved = () => {
      this.#moves += 1;
    };
    const closed = () => {
      moved();
      if (this.#open.get(queue.file) === queue) this.#open.delete(queue.file);
    };
    return watchRows(queue, { named: this.#options.named, moved, closed });
  }

  /** Removes from `candidates` what any row names; false when not every row could be read, or some changed places. */
  async strike(candidates: Set<string>, options: MarkOptions): Promise<boolean> {
    const moves = this.#moves;
    for (const file of await this.#read()) {
      const rows = this.#open.get(file);
      const done = rows
        ? await strikeNamed(candidates, rows, options)
        : await this.#strikeUnused(file, candidates, options);
      if (!done) return false;
    }
    return moves === this.#moves;
  }

  /** When the last damaged queue was moved aside, wall clock: what was stored before may be named in there. */
  async damagedMs(): Promise<number | undefined> {
    const { disk } = this.#options;
    let lastMs: number | undefined;
    for (const file of await this.#read()) {
      const folder = path.dirname(file);
      const aside = (await disk.list(folder)).filter((name) => name.startsWith(`${path.basename(file)}.corrupt-`));
      for (const name of aside) {
        const { mtimeMs = 0 } = (await disk.stat(path.join(folder, name))) ?? {};
        lastMs = Math.max(lastMs ?? 0, mtimeMs);
      }
    }
    return lastMs;
  }

  async #strikeUnused(file: string, candidates: Set<string>, options: MarkOptions): Promise<boolean> {
    if ((await this.#options.disk.stat(file)) === undefined) return true;
    try {
      const rows = await this.#options.openRows(file);
      try {
        return await strikeNamed(candidates, rows, options);
      } finally {
        await rows.close();
      }
    } catch (error) {
      this.#tell(file, error as Error);
      return false;
    }
  }

  #tell(file: string, { message }: Error) {
    if (this.#told.has(file)) return;
    this.#told.add(file);
    this.#options.onEvent("warn", "no blob is swept, as a queue whose rows may name some cannot be read", {
      ...{
        file,
        error: message,
        next: `schnitzel queue verify ${file}; or remove the file if its rows are not needed`,
      },
    });
  }

  async #list(file: string) {
    const listed = await this.#read();
    if (listed.has(file)) return this.#writing;
    listed.add(file);
    this.#writing = this.#writing.then(() => this.#write([...listed]));
    return this.#writing;
  }

  /** Paths below the state directory are kept relative to it, so that it can be moved. */
  async #write(files: readonly string[]) {
    const { folder, disk } = this.#options;
    const text = JSON.stringify(files.map((file) => path.relative(folder, file)));
    const draft = path.join(folder, "tmp", LIST);
    await disk.remove(draft);
    await disk.write(draft, new TextEncoder().encode(text));
    await disk.rename(draft, path.join(folder, LIST));
    await disk.syncFolder(folder);
  }

  async #read(): Promise<Set<string>> {
    if (this.#listed !== undefined) return this.#listed;
    const { folder, disk } = this.#options;
    const file = path.join(folder, LIST);
    const { size } = (await disk.stat(file)) ?? {};
    const bytes = size === undefined ? undefined : await disk.read(file, size);
    const names = bytes === undefined ? [] : (JSON.parse(new TextDecoder().decode(bytes)) as string[]);
    this.#listed ??= new Set(names.map((name) => path.resolve(folder, name)));
    return this.#listed;
  }
}
