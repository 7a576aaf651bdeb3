import type { Cancel, Clock } from "../base/clock.ts";

/** The timers of one run. None outlives it, and one that has run is forgotten. */
export class Timers {
  readonly #clock: Clock;
  readonly #pending = new Set<Cancel>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  after(delayMs: number, run: () => void) {
    const cancel = this.#clock.setTimer(() => {
      this.#pending.delete(cancel);
      run();
    }, delayMs);
    this.#pending.add(cancel);
  }

  cancelAll() {
    for (const cancel of this.#pending) cancel();
    this.#pending.clear();
  }
}
