import type { Item, Outcome } from "./worker_messages.ts";

export interface Request {
  readonly item: Item;
  /** Requests with the same key can go through the model together. */
  readonly key: string;
  readonly askedMs: number;
  resolve(outcome: Outcome): void;
  reject(error: Error): void;
}

/** What one node waits for. Each has its own, so that a fast camera takes no place from a slow one. */
export class RequestQueue {
  readonly waiting: Request[] = [];
  readonly most: number;

  constructor(most: number) {
    this.most = most;
  }

  get isFull(): boolean {
    return this.waiting.length >= this.most;
  }
}

/** The queues of all nodes that share a model; they take turns. */
export class RequestQueues {
  readonly #queues: RequestQueue[] = [];
  #turn = 0;

  get size(): number {
    return this.#queues.length;
  }

  get waiting(): number {
    return this.#queues.reduce((sum, { waiting }) => sum + waiting.length, 0);
  }

  add(queue: RequestQueue) {
    this.#queues.push(queue);
  }

  remove(queue: RequestQueue) {
    this.#queues.splice(this.#queues.indexOf(queue), 1);
  }

  /** The oldest request of the node whose turn it is, and up to `most` in all of the next nodes that fit with it. */
  take(most: number): Request[] {
    const taken: Request[] = [];
    let passed = 0;
    while (taken.length < most && passed < this.#queues.length) {
      const { waiting } = this.#queues[this.#turn++ % this.#queues.length]!;
      const [first] = waiting;
      if (first === undefined || (taken.length > 0 && first.key !== taken[0]!.key)) {
        passed += 1;
        continue;
      }
      taken.push(waiting.shift()!);
      passed = 0;
    }
    this.#turn %= Math.max(1, this.#queues.length);
    return taken;
  }

  /** All that waits, for good. */
  empty(): Request[] {
    return this.#queues.flatMap(({ waiting }) => waiting.splice(0));
  }
}
