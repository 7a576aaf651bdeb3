import type { Settled } from "../../store/index.ts";
import type { Patience } from "./patience.ts";

/** Answers of one call; a call is under way while the next gathers. */
const MAX_ANSWERS = 1_024;

interface Answer<Item> {
  item: Item;
  settled(result: Settled): void;
}

/** Gathers answers (acks, or nacks) and writes them, one call at a time, until each is on the disk. */
export class Settling<Item> {
  readonly #write: (items: readonly Item[]) => Promise<readonly Settled[]>;
  readonly #patience: Patience;
  /** Called after each call, when nothing may be left to do. */
  readonly #onWritten: () => void;
  #waiting: Answer<Item>[] = [];
  #writing: Promise<void> | undefined;

  constructor(
    write: (items: readonly Item[]) => Promise<readonly Settled[]>,
    patience: Patience,
    onWritten: () => void,
  ) {
    this.#write = write;
    this.#patience = patience;
    this.#onWritten = onWritten;
  }

  get idle(): boolean {
    return this.#writing === undefined;
  }

  add(item: Item, settled: (result: Settled) => void) {
    this.#waiting.push({ item, settled });
    // After the turn: by then everything it brings is here.
    this.#writing ??= Promise.resolve().then(() => this.#writeAll());
  }

  /** Resolves when everything added so far is written, or was given up because the run has ended. */
  async flush() {
    await this.#writing;
  }

  async #writeAll() {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_ANSWERS);
      try {
        const results = await this.#write(batch.map(({ item }) => item));
        this.#patience.succeeded();
        for (const [at, { settled }] of batch.entries()) settled(results[at]!);
        this.#onWritten();
      } catch (error) {
        this.#waiting.unshift(...batch);
        // Given up, the rows stay leased, and the next run delivers them again.
        if (!(await this.#patience.wait(error as Error))) this.#waiting = [];
      }
    }
    this.#writing = undefined;
    this.#onWritten();
  }
}
