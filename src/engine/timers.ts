import type { Cancel, Clock } from "../base/clock.ts";

/** The timers of one run. None outlives it, and one that has run is forgotten. */
export class Timers {
  readonly #clock: Clock;
  readonly #pending = new Set<Cancel>();
  #over = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  after(delayMs: number, run: () => void): Cancel {
    if (this.#over) return () => {};
    const cancel = this.#clock.setTimer(() => {
      this.#pending.delete(cancel);
      run();
    }, delayMs);
    this.#pending.add(cancel);
    return () => {
      this.#pending.delete(cancel);
      cancel();
    };
  }

  /** Ends them all; what is asked for later never runs. */
  cancelAll() {
    this.#over = true;
    for (const cancel of this.#pending) cancel();
    this.#pending.clear();
  }
}
