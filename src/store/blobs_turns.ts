/** One thing at a time for each key: storing, checking and removing a blob must not overlap. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `work` after everything asked for before under `key`. */
  take<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const turn = (this.#last.get(key) ?? Promise.resolve()).then(work, work);
    const end = () => {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    };
    const settled: Promise<void> = turn.then(end, end);
    this.#last.set(key, settled);
    return turn;
  }

  /** Resolves when nothing is under way. */
  async idle() {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }
}
