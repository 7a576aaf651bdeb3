import type { Settled } from "../../store/index.ts";
import type { Patience } from "./patience.ts";

/** Answers of one call; a call is under way while the next gathers. A commit of them takes some 10 ms. */
const MAX_ANSWERS = 4_096;

export interface SettlingEvents<Item> {
  /** What became of an item, once that is on the disk. */
  onSettled?(item: Item, result: Settled): void;
  /** Called after each call, when nothing may be left to do. */
  onWritten(): void;
}

/** Gathers answers (acks, or nacks) and writes them, one call at a time, until each is on the disk. */
export class Settling<Item> {
  readonly #write: (items: readonly Item[]) => Promise<readonly Settled[]>;
  readonly #patience: Patience;
  readonly #events: SettlingEvents<Item>;
  #waiting: Item[] = [];
  #writing: Promise<void> | undefined;

  constructor(
    write: (items: readonly Item[]) => Promise<readonly Settled[]>,
    patience: Patience,
    events: SettlingEvents<Item>,
  ) {
    this.#write = write;
    this.#patience = patience;
    this.#events = events;
  }

  get idle(): boolean {
    return this.#writing === undefined;
  }

  add(item: Item) {
    this.#waiting.push(item);
    // After the turn: by then everything it brings is here.
    this.#writing ??= Promise.resolve().then(() => this.#writeAll());
  }

  /** Resolves when everything added so far is written, or was given up because the run has ended. */
  async flush() {
    await this.#writing;
  }

  async #writeAll() {
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      const results = await this.#ask(batch);
      if (results !== undefined) this.#written(batch, results);
    }
    this.#writing = undefined;
    this.#events.onWritten();
  }

  /** Undefined when it failed: then the batch is in front again, or the run has ended. */
  async #ask(batch: Item[]): Promise<readonly Settled[] | undefined> {
    try {
      return await this.#write(batch);
    } catch (error) {
      this.#waiting.unshift(...batch);
      // Given up, the rows stay leased, and the next run delivers them again.
      if (!(await this.#patience.wait(error as Error))) this.#waiting = [];
      return undefined;
    }
  }

  #take(): Item[] {
    if (this.#waiting.length > MAX_ANSWERS) return this.#waiting.splice(0, MAX_ANSWERS);
    const batch = this.#waiting;
    this.#waiting = [];
    return batch;
  }

  #written(batch: readonly Item[], results: readonly Settled[]) {
    const { onSettled, onWritten } = this.#events;
    this.#patience.succeeded();
    if (onSettled !== undefined) for (const [at, item] of batch.entries()) onSettled(item, results[at]!);
    onWritten();
  }
}

/** `missing`: the row was leased, so only a commit that set it aside, and that the disk said had failed, removed it. */
export const isGone = (result: Settled) => result === "dead" || result === "missing";
