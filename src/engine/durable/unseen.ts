import type { Queue } from "../../store/index.ts";

/** What became of rows that no node has seen. */
export interface UnseenRows {
  rows: number;
  reason: string;
}

/**
 * Rows that became dead letters in their file and were not handed out: damaged, too old, or out when the process ended
 * so often that they have no attempts left. Nobody is asked about them, so the counts of the file tell.
 */
export class Unseen {
  readonly #queue: Queue;
  readonly #onFound: (found: UnseenRows) => void;
  #dead: number;
  #damaged: number;
  #expired: number;

  constructor(queue: Queue, onFound: (found: UnseenRows) => void) {
    const { dead, damaged, expired } = queue.stats();
    this.#queue = queue;
    this.#onFound = onFound;
    this.#dead = dead;
    this.#damaged = damaged;
    this.#expired = expired;
  }

  /** A row that was handed out became a dead letter; whoever failed with it has said so. */
  seen() {
    this.#dead += 1;
  }

  /** Tells what is new since the last look. Only while no nack is under way, whose letters are in the counts already. */
  look() {
    const { dead, damaged, expired } = this.#queue.stats();
    // Fewer than before: a person replayed or purged some.
    const rows = dead - this.#dead;
    const [broken, old] = [damaged - this.#damaged, expired - this.#expired];
    this.#dead = dead;
    this.#damaged = damaged;
    this.#expired = expired;
    if (rows <= 0) return;
    const kinds = [
      [broken, "damaged: their checksum does not match"],
      [old, "older than max_age"],
      [rows - broken - old, "out of attempts, as the process ended with them time and again"],
    ] as const;
    const told = kinds.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
    this.#onFound({ rows, reason: `rows that were not handed out any more: ${told.join(", ")}` });
  }
}
