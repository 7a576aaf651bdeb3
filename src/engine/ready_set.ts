/**
 * The ranks of nodes that can run, with the highest found in two or three steps.
 *
 * A tree of 32-bit words: bit b of word w of a level says that word 32·w+b of the level below is not
 * zero. 100,000 nodes need four levels.
 */
export class ReadySet {
  readonly #levels: Int32Array[] = [];
  readonly #lowest: Int32Array;
  readonly #top: Int32Array;

  constructor(size: number) {
    let words = Math.max(1, Math.ceil(size / 32));
    for (;;) {
      this.#levels.push(new Int32Array(words));
      if (words === 1) break;
      words = Math.ceil(words / 32);
    }
    this.#lowest = this.#levels[0]!;
    this.#top = this.#levels[this.#levels.length - 1]!;
  }

  add(rank: number) {
    const word = rank >>> 5;
    const before = this.#lowest[word]!;
    this.#lowest[word] = before | (1 << (rank & 31));
    if (before === 0) this.#mark(word);
  }

  remove(rank: number) {
    const word = rank >>> 5;
    const after = this.#lowest[word]! & ~(1 << (rank & 31));
    this.#lowest[word] = after;
    if (after === 0) this.#unmark(word);
  }

  get isEmpty(): boolean {
    return this.#top[0] === 0;
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

  #mark(lowestWord: number) {
    let at = lowestWord;
    for (let depth = 1; depth < this.#levels.length; depth++) {
      const level = this.#levels[depth]!;
      level[at >>> 5]! |= 1 << (at & 31);
      at >>>= 5;
    }
  }

  #unmark(lowestWord: number) {
    let at = lowestWord;
    for (let depth = 1; depth < this.#levels.length; depth++) {
      const level = this.#levels[depth]!;
      level[at >>> 5]! &= ~(1 << (at & 31));
      if (level[at >>> 5] !== 0) return;
      at >>>= 5;
    }
  }
}
