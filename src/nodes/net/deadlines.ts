import type { Cancel, Clock } from "../../base/clock.ts";

/** Looks per time allowed: a request ends at most an eighth of it late. */
const LOOKS = 8;

/** A request under way; `late` says why its signal aborted. */
export interface Deadline {
  readonly abort: AbortController;
  readonly dueMs: number;
  late: boolean;
}

/** Aborts what takes too long. One timer looks after all of them: one for each costs as much as sending. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #underWay = new Set<Deadline>();
  #cancel: Cancel | undefined;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  begin(): Deadline {
    const deadline = { abort: new AbortController(), dueMs: this.#clock.monotonicMs() + this.#timeoutMs, late: false };
    this.#underWay.add(deadline);
    this.#cancel ??= this.#lookLater();
    return deadline;
  }

  end(deadline: Deadline) {
    this.#underWay.delete(deadline);
  }

  /** Aborts everything. */
  close() {
    this.#cancel?.();
    this.#cancel = undefined;
    for (const { abort } of this.#underWay) abort.abort();
  }

  #lookLater(): Cancel {
    return this.#clock.setTimer(() => this.#look(), Math.ceil(this.#timeoutMs / LOOKS));
  }

  #look() {
    const nowMs = this.#clock.monotonicMs();
    for (const deadline of this.#underWay) {
      // In the order they began, and all have the same time.
      if (deadline.dueMs > nowMs) break;
      deadline.late = true;
      deadline.abort.abort();
    }
    this.#cancel = this.#underWay.size === 0 ? undefined : this.#lookLater();
  }
}
