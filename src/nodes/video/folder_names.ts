import type { Files } from "../../node/index.ts";

/** Endings of the files that are pictures. */
const PICTURE = /\.(?:jpe?g|png|bmp|webp|gif)$/i;
/** `shot2` before `shot10`. */
const ORDER = new Intl.Collator("en", { numeric: true });

/** Finds the pictures of a folder, each once; in a folder that is watched, those that came since. */
export class FolderNames {
  readonly #files: Files;
  readonly #folder: string;
  #seen = new Set<string>();
  /** Size of each file that may still be written. */
  #growing = new Map<string, number>();

  constructor(files: Files, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  /** All that are there now and were not given before, in order. */
  fresh(): string[] {
    const here = this.#list();
    const fresh = here.filter((name) => !this.#seen.has(name));
    // Only names that are still there are kept, so a folder that is emptied now and then stays small in memory.
    this.#seen = new Set(here);
    return fresh;
  }

  /** As {@link fresh}, but a file is given once it has the same size as the time before: then it is written. */
  settled(): string[] {
    const here = this.#list();
    const sizes = new Map(here.filter((name) => !this.#seen.has(name)).map((name) => [name, this.#size(name)]));
    const settled = [...sizes]
      .filter(([name, size]) => size > 0 && this.#growing.get(name) === size)
      .map(([name]) => name);
    this.#growing = sizes;
    this.#seen = new Set([...here.filter((name) => this.#seen.has(name)), ...settled]);
    return settled;
  }

  #list(): string[] {
    return this.#files
      .list(this.#folder)
      .filter((name) => PICTURE.test(name))
      .sort(ORDER.compare);
  }

  #size(name: string): number {
    try {
      return this.#files.stat(`${this.#folder}/${name}`).size;
    } catch {
      // It was taken away again.
      return 0;
    }
  }
}
