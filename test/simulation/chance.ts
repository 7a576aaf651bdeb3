import { type Random, seededRandom } from "../../src/base/random.ts";

/** Decisions of a seed. */
export class Chance {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** A whole number in [low, high]. */
  int(low: number, high: number): number {
    return low + Math.floor(this.#random.float() * (high - low + 1));
  }

  between(low: number, high: number): number {
    return low + this.#random.float() * (high - low);
  }

  maybe(probability: number): boolean {
    return this.#random.float() < probability;
  }

  one<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random.float() * items.length)]!;
  }

  /** Another stream of decisions: what is drawn from it moves nothing here. */
  fork(): Chance {
    return new Chance(this.#random.uint32() * 0x1_0000 + (this.#random.uint32() & 0xffff));
  }

  /** A generator for the program itself. */
  random(): Random {
    return seededRandom(this.#random.uint32());
  }
}

/** The same number in [0, 1) for the same text, whatever was drawn before. */
export function lot(text: string): number {
  return Bun.hash.crc32(text) / 0x1_0000_0000;
}
