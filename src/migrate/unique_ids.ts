import { NODE_ID } from "../graph/raw.ts";

/** Why 100: an id becomes part of further ids, which have 128 characters at most. */
const LONGEST = 100;

/** Makes ids of names, no two alike. */
export class UniqueIds {
  readonly #taken = new Set<string>();

  /** The name itself where it can be one and is free. */
  take(name: string): string {
    const word = name.replace(/[^A-Za-z0-9_-]+/g, "_").slice(0, LONGEST);
    const id = NODE_ID.test(name) ? name : NODE_ID.test(word) ? word : `n_${word}`;
    for (let number = 1; ; number++) {
      const tried = number === 1 ? id : `${id}_${number}`;
      if (this.#taken.has(tried)) continue;
      this.#taken.add(tried);
      return tried;
    }
  }
}
