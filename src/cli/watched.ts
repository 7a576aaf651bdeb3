import * as fs from "node:fs";
import * as path from "node:path";
import { type Cancel, systemClock } from "../base/clock.ts";

/** Saves within this are one: an editor writes a file and renames it, and several files are saved together. */
const QUIET_MS = 50;

interface Open {
  readonly watcher: fs.FSWatcher;
  /** Of the folder: another one of its name has another. */
  readonly ino: number;
}

/**
 * Files that are looked at. Folders are watched instead of files, as most editors put a new file in the place of the old
 * one, which a watch of the old one would not see; and what a folder is in, as folders are put in place of others, too.
 */
export class Watched {
  readonly #onChange: () => void;
  readonly #open = new Map<string, Open>();
  #files: ReadonlySet<string> = new Set();
  /** Folders of which everything counts. */
  #whole: ReadonlySet<string> = new Set();
  /** Folders that files are in, also those that are not there yet. */
  #folders: ReadonlySet<string> = new Set();
  /** Where files are that links lead to. */
  #real: ReadonlyMap<string, string> = new Map();
  #cancel: Cancel = () => {};

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** These files, and everything in these folders. */
  follow(files: readonly string[], folders: readonly string[]) {
    this.#real = new Map(files.map((file) => [file, realName(file)]));
    this.#files = new Set([...files, ...this.#real.values()]);
    this.#whole = new Set(folders);
    this.#folders = new Set([...[...this.#files].map((file) => path.dirname(file)), ...folders]);
    this.#watch();
  }

  close() {
    this.#cancel();
    for (const { watcher } of this.#open.values()) watcher.close();
    this.#open.clear();
  }

  /** Opens what is to be watched now, and closes the rest, also what is no longer the folder of its name. */
  #watch() {
    const wanted = new Set([...this.#folders, ...[...this.#folders].map(nearestAbove)]);
    for (const [folder, { watcher, ino }] of this.#open) {
      if (wanted.has(folder) && inoOf(folder) === ino) continue;
      watcher.close();
      this.#open.delete(folder);
    }
    for (const folder of wanted) this.#watchOne(folder);
  }

  #watchOne(folder: string) {
    const ino = inoOf(folder);
    if (this.#open.has(folder) || ino === undefined) return;
    const watcher = fs.watch(folder, (_, name) => {
      if (name === null || this.#concerns(folder, path.join(folder, name))) this.#changed();
    });
    watcher.on("error", () => {});
    this.#open.set(folder, { watcher, ino });
  }

  #concerns(folder: string, file: string): boolean {
    if (this.#files.has(file) || this.#whole.has(folder)) return true;
    const leadsToOne = [...this.#folders].some((one) => one === file || one.startsWith(file + path.sep));
    if (leadsToOne) return true;
    // A link on the way to a file, which has another name than the file.
    return [...this.#real].some(([given, real]) => given !== real && realName(given) !== real);
  }

  #changed() {
    this.#cancel();
    this.#cancel = systemClock.setTimer(() => {
      this.#watch();
      this.#onChange();
    }, QUIET_MS);
  }
}

/** With links followed; a file that is not there has no other name. */
function realName(file: string): string {
  try {
    return fs.realpathSync(file);
  } catch {
    return file;
  }
}

const inoOf = (folder: string) => fs.statSync(folder, { throwIfNoEntry: false })?.ino;

/** The folder that this one is in; where that is not there, the nearest one that is. */
function nearestAbove(folder: string): string {
  const above = path.dirname(folder);
  return above === folder || fs.existsSync(above) ? above : nearestAbove(above);
}
