import type { Cancel, Clock } from "../base/clock.ts";
import type { Try } from "./try.ts";

/**
 * Ends tries that take too long. One timer looks after all of them, since one for each costs as much as everything else
 * a delivery does: it is set for the first that is due, and when that one has ended by itself for the next.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #onLate: (attempt: Try) => void;
  readonly #underWay = new Set<Try>();
  #cancel: Cancel | undefined;
  #setForMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, onLate: (attempt: Try) => void) {
    this.#clock = clock;
    this.#onLate = onLate;
  }

  begin(attempt: Try) {
    this.#underWay.add(attempt);
    if (attempt.dueMs < this.#setForMs) this.#set(attempt.dueMs);
  }

  end(attempt: Try) {
    this.#underWay.delete(attempt);
    if (this.#underWay.size === 0) this.#unset();
  }

  /** Ends everything, without telling. */
  close() {
    this.#unset();
    for (const attempt of this.#underWay) attempt.over = true;
    this.#underWay.clear();
  }

  #set(dueMs: number) {
    this.#cancel?.();
    this.#setForMs = dueMs;
    this.#cancel = this.#clock.setTimer(() => this.#look(), dueMs - this.#clock.monotonicMs());
  }

  #unset() {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#setForMs = Number.POSITIVE_INFINITY;
  }

  #look() {
    const nowMs = this.#clock.monotonicMs();
    this.#unset();
    // A try that is told to be late may begin others.
    for (const attempt of [...this.#underWay]) if (attempt.dueMs <= nowMs && !attempt.over) this.#onLate(attempt);
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { dueMs } of this.#underWay) nextMs = Math.min(nextMs, dueMs);
    if (nextMs < this.#setForMs) this.#set(nextMs);
  }
}
