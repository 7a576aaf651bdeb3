import type { DeadLetter } from "../observe/index.ts";
import type { DeadEntry, Queue } from "../store/index.ts";
import { letterRow } from "./letter_row.ts";

/** Letters of one commit. */
const MAX_LETTERS = 256;

/**
 * Keeps dead letters in the state directory, gathered into commits. What a queue of the graph holds already is not
 * kept twice.
 */
export class KeptLetters {
  readonly #queue: Queue;
  readonly #onLost: (error: Error, letters: number) => void;
  #waiting: DeadEntry[] = [];
  #writing: Promise<void> | undefined;

  constructor(queue: Queue, onLost: (error: Error, letters: number) => void) {
    this.#queue = queue;
    this.#onLost = onLost;
  }

  keep(letter: DeadLetter) {
    if (letter.queue !== undefined) return;
    this.#waiting.push(letterRow(letter));
    this.#writing ??= Promise.resolve().then(() => this.#writeAll());
  }

  /** Resolves when all of them are on the disk, or were reported lost. */
  async close() {
    await this.#writing;
  }

  async #writeAll() {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_LETTERS);
      try {
        await this.#queue.setAside(batch);
      } catch (error) {
        this.#onLost(error as Error, batch.length);
      }
    }
    this.#writing = undefined;
  }
}
