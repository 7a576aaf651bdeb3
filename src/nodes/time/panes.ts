import { grown } from "./store.ts";

const SMALLEST = 64;
/** No slot. */
export const NONE = -1;

const WIDE = ["start", "end", "due", "count", "number"] as const;
/** Slots, keys and small counts: half as wide, as a checkpoint copies all of them. */
const NARROW = ["skipped", "firing", "key", "newer", "older", "flags"] as const;

/** Bits of `flags`. */
export const DIRTY = 1;
export const FINAL = 2;

/**
 * Open windows in columns: a slot is the window of one key. The slots of a key are a chain from its newest window to
 * its oldest one, so that the common case, the newest, is found at once.
 */
export class Panes {
  /** Half-open: from `start` up to, but not with, `end`. In milliseconds since 1970. */
  start = new Float64Array(0);
  end = new Float64Array(0);
  /** When the agenda looks at it; NaN: not at all. */
  due = new Float64Array(0);
  /** Packets in it. */
  count = new Float64Array(0);
  /** How many values they did not have. */
  skipped = new Int32Array(0);
  /** Results that it gave. */
  firing = new Int32Array(0);
  /** Which window it is of all that the node opened. */
  number = new Float64Array(0);
  /** Whether packets came after the last result, and whether its end was reached. */
  flags = new Int32Array(0);
  /** Number of the key; NONE: the slot is free. */
  key = new Int32Array(0);
  newer = new Int32Array(0);
  older = new Int32Array(0);
  open = 0;
  #used = 0;
  #free: number[] = [];
  readonly #onGrow: (capacity: number) => void;

  constructor(onGrow: (capacity: number) => void) {
    this.#onGrow = onGrow;
    this.#grow(SMALLEST);
  }

  /** Slots below this have been used. */
  get used(): number {
    return this.#used;
  }

  take(): number {
    this.open += 1;
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#used === this.start.length) this.#grow(this.#used * 2);
    return this.#used++;
  }

  give(slot: number) {
    this.key[slot] = NONE;
    this.due[slot] = Number.NaN;
    this.#free.push(slot);
    this.open -= 1;
  }

  *slots(): Generator<number> {
    for (let slot = 0; slot < this.#used; slot++) if (this.key[slot] !== NONE) yield slot;
  }

  snapshot() {
    const used = this.#used;
    const wide = WIDE.map((name) => this[name].slice(0, used));
    const narrow = NARROW.map((name) => this[name].slice(0, used));
    return { used, free: Int32Array.from(this.#free), wide, narrow };
  }

  restore(state: unknown) {
    const { used, free, wide, narrow } = state as ReturnType<Panes["snapshot"]>;
    if (used > this.start.length) this.#grow(used);
    for (const [at, name] of WIDE.entries()) this[name].set(wide[at]!);
    for (const [at, name] of NARROW.entries()) this[name].set(narrow[at]!);
    this.#used = used;
    this.#free = Array.from(free);
    this.open = used - free.length;
  }

  #grow(capacity: number) {
    for (const name of WIDE) this[name] = grown(this[name], capacity);
    for (const name of NARROW) {
      const larger = new Int32Array(capacity);
      larger.set(this[name]);
      this[name] = larger;
    }
    this.#onGrow(capacity);
  }
}
