import type { Place } from "../graph/index.ts";
import { hideSecrets, type Path, pathText, placeOf, type Spot, spotAt, type Tree } from "../graph/raw.ts";

/** Something of the old file that the new one does not say, or says otherwise. */
export interface LeftOut {
  /** `rtsp.jitter_ratio`. */
  key: string;
  reason: string;
  place: Place;
}

/** What could not be carried over; each once. */
export class LeftOuts {
  readonly #all: LeftOut[] = [];
  readonly #secrets: ReadonlySet<string>;

  constructor(secrets: ReadonlySet<string> = new Set()) {
    this.#secrets = secrets;
  }

  /** By place. */
  get list(): LeftOut[] {
    const order = (a: LeftOut, b: LeftOut) => a.place.line - b.place.line || a.place.column - b.place.column;
    return [...this.#all].sort((a, b) => a.place.file.localeCompare(b.place.file) || order(a, b));
  }

  add(at: Spot, path: Path | string, why: string) {
    // It stands at the top of the new graph, which others read.
    const reason = hideSecrets(why, this.#secrets);
    const key = typeof path === "string" ? path : pathText(path);
    const place = placeOf(at);
    const known = (one: LeftOut) => one.key === key && one.reason === reason && one.place.line === place.line;
    if (!this.#all.some(known)) this.#all.push({ key, reason, place });
  }

  /** True when something of this place was said already. */
  has(at: Spot): boolean {
    const { file, line, column } = placeOf(at);
    return this.#all.some(({ place }) => place.file === file && place.line === line && place.column === column);
  }

  /** Of a tree: the place of the key at `path`. */
  at(tree: Tree, path: Path, reason: string) {
    this.add(spotAt(tree, path, "key"), path, reason);
  }
}

/** One line for people: where, what, why. */
export const leftOutLine = ({ key, reason, place: { file, line, column } }: LeftOut) =>
  `${file}:${line}:${column} ${key}: ${reason}`;
