import * as fs from "node:fs";
import * as path from "node:path";
import { type Cancel, systemClock } from "../base/clock.ts";

/** Saves within this are one: an editor writes a file and renames it, and several files are saved together. */
const QUIET_MS = 50;

/**
 * Files that are looked at. Folders are watched instead of files, as most editors put a new file in the place of the old
 * one, which a watch of the old one would not see.
 */
export class Watched {
  readonly #onChange: () => void;
  readonly #folders = new Map<string, fs.FSWatcher>();
  #files: ReadonlySet<string> = new Set();
  #whole: ReadonlySet<string> = new Set();
  #cancel: Cancel = () => {};

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** These files, and everything in these folders. */
  follow(files: readonly string[], folders: readonly string[]) {
    this.#files = new Set(files);
    this.#whole = new Set(folders);
    const wanted = new Set([...files.map((file) => path.dirname(file)), ...folders]);
    for (const [folder, watcher] of this.#folders) {
      if (wanted.has(folder)) continue;
      watcher.close();
      this.#folders.delete(folder);
    }
    for (const folder of wanted) this.#watch(folder);
  }

  close() {
    this.#cancel();
    for (const watcher of this.#folders.values()) watcher.close();
    this.#folders.clear();
  }

  #watch(folder: string) {
    if (this.#folders.has(folder) || !fs.existsSync(folder)) return;
    const watcher = fs.watch(folder, (_, name) => {
      const file = name === null ? undefined : path.join(folder, name);
      if (file === undefined || this.#files.has(file) || this.#whole.has(folder)) this.#changed();
    });
    watcher.on("error", () => {});
    this.#folders.set(folder, watcher);
  }

  #changed() {
    this.#cancel();
    this.#cancel = systemClock.setTimer(this.#onChange, QUIET_MS);
  }
}
