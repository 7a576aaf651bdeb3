import { portableValue, type Store } from "./store.ts";

interface Items {
  times: number[];
  values: unknown[];
  /** One more came than may be kept. */
  cut: boolean;
}

const none = (): Items => ({ times: [], values: [], cut: false });

/** The values of a window in the order of their event times; of equal times in the order in which they came. */
export class CollectStore implements Store {
  readonly #max: number;
  #items: (Items | undefined)[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  prepare = portableValue;

  grow() {}

  clear(slot: number) {
    this.#items[slot] = undefined;
  }

  add(slot: number, value: unknown, timeMs: number) {
    this.#items[slot] ??= none();
    const items = this.#items[slot];
    if (items.values.length >= this.#max) {
      items.cut = true;
      return;
    }
    items.times.push(timeMs);
    items.values.push(value);
  }

  merge(into: number, from: number) {
    const theirs = this.#items[from];
    if (theirs === undefined) return;
    for (const [at, value] of theirs.values.entries()) this.add(into, value, theirs.times[at]!);
    if (theirs.cut) this.#items[into]!.cut = true;
  }

  values(slot: number): unknown[] {
    const items = this.#items[slot];
    if (items === undefined) return [];
    const { times, values } = items;
    return [...values.keys()].sort((a, b) => times[a]! - times[b]!).map((at) => values[at]);
  }

  whole = (slot: number) => this.#items[slot]?.cut !== true;

  snapshot = (used: number) => Array.from({ length: used }, (_, slot) => copyOf(this.#items[slot]));

  restore(state: unknown) {
    this.#items = (state as (Items | null)[]).map((items) => copyOf(items) ?? undefined);
  }
}

const copyOf = (items: Items | null | undefined): Items | null =>
  items ? { times: [...items.times], values: [...items.values], cut: items.cut } : null;
