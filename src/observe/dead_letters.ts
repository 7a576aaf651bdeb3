import type { StreamPacket } from "../packet/index.ts";

/** A packet, or an input record that never became one, set aside with the reason. */
export interface DeadLetter {
  /** Left out for a record that a source rejected. */
  packet?: StreamPacket;
  /** What a source rejected. */
  record?: unknown;
  node_id: string;
  reason: string;
  /** Times the node tried; 1 without retries. */
  attempts: number;
  /** ISO-8601 UTC: the first failure, and the one that gave up. */
  first_at: string;
  at: string;
  /** Input port the packet came in by. */
  port?: string | undefined;
  stack?: string | undefined;
  /** Durable edge whose file holds it; left out for all others. */
  queue?: string | undefined;
  /** It stands for so many rows of `queue`, which hold the packets; 1 when left out. */
  rows?: number;
}

/** Enough to see a pattern; the whole list is what `--dead-letters FILE` is for. */
const MAX_LETTERS = 1_000;
/** Letters hold their packets alive, and 1,000 camera frames would be 6 GB. */
const MAX_BYTES = 64 * 1024 * 1024;

/** The newest dead letters, bounded in number and bytes, and how many there were in all. */
export class DeadLetters {
  total = 0;
  #bytes = 0;
  readonly #held: { letter: DeadLetter; bytes: number }[] = [];

  /** `bytes` is the estimated size of what the letter holds. The newest always stays. */
  push(letter: DeadLetter, bytes: number) {
    this.total += letter.rows ?? 1;
    this.#bytes += bytes;
    this.#held.push({ letter, bytes });
    while (this.#held.length > MAX_LETTERS || (this.#bytes > MAX_BYTES && this.#held.length > 1)) {
      this.#bytes -= this.#held.shift()!.bytes;
    }
  }

  /** Oldest first. */
  recent(): DeadLetter[] {
    return this.#held.map((held) => held.letter);
  }
}
