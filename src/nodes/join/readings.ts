import type { Reading } from "./sensor_reading.ts";

interface Kept {
  readonly reading: Reading;
  /** In the order in which they came. */
  readonly serial: number;
}

/** The latest readings of one sensor, in order of event time; of two with the same time the one that came first is first. */
export class Readings {
  readonly #max: number;
  readonly #kept: Kept[] = [];
  #serial = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size() {
    return this.#kept.length;
  }

  /** Gives back how many had to make room: the one that came first goes first, as in a ring. */
  add(reading: Reading): number {
    const kept = { reading, serial: this.#serial++ };
    this.#kept.splice(this.#after(reading.timeMs), 0, kept);
    if (this.#kept.length <= this.#max) return 0;
    const first = this.#kept.reduce((a, b) => (b.serial < a.serial ? b : a));
    this.#kept.splice(this.#kept.indexOf(first), 1);
    return 1;
  }

  /** Forgets those of an earlier time; gives back how many. */
  dropBefore(timeMs: number): number {
    const count = this.#kept.findIndex(({ reading }) => reading.timeMs >= timeMs);
    return this.#kept.splice(0, count < 0 ? this.#kept.length : count).length;
  }

  /** The one nearest in time; of two that are as near the one that came first. */
  nearest(timeMs: number): Reading | undefined {
    const before = this.#firstOfTime(this.#after(timeMs) - 1);
    const behind = this.#kept[this.#after(timeMs)];
    if (before === undefined || behind === undefined) return (before ?? behind)?.reading;
    const nearer = timeMs - before.reading.timeMs - (behind.reading.timeMs - timeMs) || before.serial - behind.serial;
    return (nearer < 0 ? before : behind).reading;
  }

  /** The last one that is not later; of several of that time the one that came last. */
  lastBefore(timeMs: number): Reading | undefined {
    return this.#kept[this.#after(timeMs) - 1]?.reading;
  }

  /** The first one that is later. */
  firstAfter(timeMs: number): Reading | undefined {
    return this.#kept[this.#after(timeMs)]?.reading;
  }

  /** In the order in which they came. */
  inOrder(): Reading[] {
    return [...this.#kept].sort((a, b) => a.serial - b.serial).map(({ reading }) => reading);
  }

  /** The place behind all that are not later. Most questions are about the newest, so the search begins there. */
  #after(timeMs: number): number {
    let at = this.#kept.length;
    while (at > 0 && this.#kept[at - 1]!.reading.timeMs > timeMs) at -= 1;
    return at;
  }

  #firstOfTime(at: number): Kept | undefined {
    let first = at;
    while (first > 0 && this.#kept[first - 1]!.reading.timeMs === this.#kept[at]!.reading.timeMs) first -= 1;
    return this.#kept[first];
  }
}
