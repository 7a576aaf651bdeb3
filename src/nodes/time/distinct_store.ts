import { keyText } from "./key_text.ts";
import { portableValue, type Store } from "./store.ts";

interface Seen {
  texts: Set<string>;
  /** One more came than may be kept. */
  cut: boolean;
}

/** How many different values a window has: 7 and "7" are two. Exact up to `max`, where counting stops. */
export class DistinctStore implements Store {
  readonly #max: number;
  #seen: (Seen | undefined)[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  prepare(raw: unknown) {
    const value = portableValue(raw);
    return value === undefined ? undefined : keyText(value);
  }

  grow() {}

  clear(slot: number) {
    this.#seen[slot] = undefined;
  }

  add(slot: number, value: unknown) {
    this.#seen[slot] ??= { texts: new Set(), cut: false };
    const seen = this.#seen[slot];
    if (seen.texts.size < this.#max) seen.texts.add(value as string);
    else if (!seen.texts.has(value as string)) seen.cut = true;
  }

  merge(into: number, from: number) {
    const theirs = this.#seen[from];
    if (theirs === undefined) return;
    for (const text of theirs.texts) this.add(into, text);
    if (theirs.cut) this.#seen[into]!.cut = true;
  }

  count = (slot: number) => this.#seen[slot]?.texts.size ?? 0;

  whole = (slot: number) => this.#seen[slot]?.cut !== true;

  snapshot = (used: number) =>
    Array.from({ length: used }, (_, slot) => {
      const seen = this.#seen[slot];
      return seen === undefined ? null : { texts: [...seen.texts], cut: seen.cut };
    });

  restore(state: unknown) {
    this.#seen = (state as ({ texts: string[]; cut: boolean } | null)[]).map((seen) =>
      seen === null ? undefined : { texts: new Set(seen.texts), cut: seen.cut },
    );
  }
}
