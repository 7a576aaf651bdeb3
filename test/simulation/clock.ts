import type { Clock } from "../../src/base/clock.ts";

interface Timer {
  dueMs: number;
  /** Timers due at the same time run in the order they were set. */
  order: number;
  run: (() => void) | undefined;
}

/** Time of the simulated world. It stands still until somebody moves it to the next timer. */
export class WorldClock {
  /** Since the world began; nothing sets it. */
  nowMs = 0;
  /** What the wall clock shows less {@link nowMs}. */
  wallOffsetMs = Date.UTC(2026, 0, 1);
  readonly #heap: Timer[] = [];
  #order = 0;

  setTimer(run: () => void, delayMs: number): () => void {
    const timer: Timer = { dueMs: this.nowMs + Math.max(LEAST_MS, delayMs), order: this.#order++, run };
    this.#push(timer);
    return () => {
      timer.run = undefined;
    };
  }

  /** Moves time to the next timer and runs it; false when there is none. */
  runNext(): boolean {
    for (let timer = this.#pop(); timer !== undefined; timer = this.#pop()) {
      const { run } = timer;
      if (run === undefined) continue;
      this.nowMs = Math.max(this.nowMs, timer.dueMs);
      timer.run = undefined;
      run();
      return true;
    }
    return false;
  }

  #push(timer: Timer) {
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!before(timer, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = timer;
  }

  #pop(): Timer | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && before(heap[below + 1]!, heap[below]!)) below += 1;
      if (!before(heap[below]!, last)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}

/** No timer is finer; and below what a sum of milliseconds can hold time would not move at all. */
const LEAST_MS = 0.001;

const before = (a: Timer, b: Timer) => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);

/** The clock of one process. Its monotonic time begins anew; once it is dead no timer of it runs. */
export class LifeClock implements Clock {
  readonly #world: WorldClock;
  readonly #bornMs: number;
  /** How far time moves with each look at it: a program takes time, too. */
  readonly #creepMs: number;
  #dead = false;

  constructor(world: WorldClock, creepMs: number) {
    this.#world = world;
    this.#bornMs = world.nowMs;
    this.#creepMs = creepMs;
  }

  nowMs(): number {
    return Math.floor(this.#world.wallOffsetMs + this.#world.nowMs);
  }

  monotonicMs(): number {
    if (!this.#dead) this.#world.nowMs += this.#creepMs;
    return this.#world.nowMs - this.#bornMs;
  }

  setTimer(run: () => void, delayMs: number): () => void {
    return this.#dead ? () => {} : this.#world.setTimer(() => this.#dead || run(), delayMs);
  }

  die() {
    this.#dead = true;
  }
}
