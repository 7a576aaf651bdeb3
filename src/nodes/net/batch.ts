import type { Cancel, Clock } from "../../base/clock.ts";

export interface BatchLimits {
  maxItems: number;
  /** Longest wait of the first item for others. */
  maxMs: number;
}

interface Waiting<Item> {
  item: Item;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Gathers items and sends them together. Each `add` settles with its batch: when it is full or old enough, `send`
 * gets the items and says how each of them went, in order.
 */
export class Batch<Item> {
  readonly #clock: Clock;
  readonly #limits: BatchLimits;
  readonly #send: (items: readonly Item[]) => Promise<readonly (Error | undefined)[]>;
  #waiting: Waiting<Item>[] = [];
  #cancel: Cancel = () => {};

  constructor(
    clock: Clock,
    limits: BatchLimits,
    send: (items: readonly Item[]) => Promise<readonly (Error | undefined)[]>,
  ) {
    this.#clock = clock;
    this.#limits = limits;
    this.#send = send;
  }

  add(item: Item): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (this.#waiting.length >= this.#limits.maxItems) this.flush();
      else if (this.#waiting.length === 1) this.#cancel = this.#clock.setTimer(() => this.flush(), this.#limits.maxMs);
    });
  }

  /** Sends at once what waits. */
  flush() {
    this.#cancel();
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length === 0) return;
    this.#send(batch.map(({ item }) => item)).then(
      (errors) => {
        for (const [at, { resolve, reject }] of batch.entries())
          errors[at] === undefined ? resolve() : reject(errors[at]);
      },
      (error: unknown) => {
        for (const { reject } of batch) reject(error);
      },
    );
  }
}
