/**
 * The ranks of nodes that can run, with the highest found in two or three steps.
 *
 * A tree of 32-bit words: bit b of word w of a level says that word 32·w+b of the level below is not
 * zero. 100,000 nodes need four levels.
 */
export class ReadySet {
  readonly #levels: Int32Array[] = [];

  constructor(size: number) {
    let words = Math.max(1, Math.ceil(size / 32));
    for (;;) {
      this.#levels.push(new Int32Array(words));
      if (words === 1) return;
      words = Math.ceil(words / 32);
    }
  }

  add(rank: number) {
    let at = rank;
    for (const level of this.#levels) {
      const word = at >>> 5;
      const before = level[word]!;
      level[word] = before | (1 << (at & 31));
      if (before !== 0) return;
      at = word;
    }
  }

  remove(rank: number) {
    let at = rank;
    for (const level of this.#levels) {
      const word = at >>> 5;
      const after = level[word]! & ~(1 << (at & 31));
      level[word] = after;
      if (after !== 0) return;
      at = word;
    }
  }

  /** The highest rank in the set, or -1. */
  highest(): number {
    let at = 0;
    for (let depth = this.#levels.length - 1; depth >= 0; depth--) {
      const word = this.#levels[depth]![at]!;
      if (word === 0) return -1;
      at = (at << 5) | (31 - Math.clz32(word));
    }
    return at;
  }
}
