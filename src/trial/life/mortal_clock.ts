import type { Cancel, Clock } from "../../base/clock.ts";

/** The clock of one process: once that is dead, none of its timers runs. */
export class MortalClock implements Clock {
  readonly #clock: Clock;
  readonly #pending = new Set<Cancel>();
  #dead = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  setTimer(run: () => void, delayMs: number): Cancel {
    if (this.#dead) return () => {};
    const stop = this.#clock.setTimer(() => {
      this.#pending.delete(cancel);
      run();
    }, delayMs);
    const cancel = () => {
      this.#pending.delete(cancel);
      stop();
    };
    this.#pending.add(cancel);
    return cancel;
  }

  die() {
    this.#dead = true;
    for (const cancel of this.#pending) cancel();
  }
}
