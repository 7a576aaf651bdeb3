import type { Cancel, Clock } from "../base/clock.ts";

/** Looks per time allowed: a request ends at most an eighth of it late. */
const LOOKS = 8;

/** A request under way; `late` says why its signal aborted. */
export interface Deadline {
  readonly abort: AbortController;
  dueMs: number;
  late: boolean;
}

/** Kept for later requests, as making one is a tenth of what sending costs. As many as ever were under way, at most. */
const MAX_SPARE = 1_024;

/** Aborts what takes too long. One timer looks after all of them: one for each costs as much as sending. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #underWay = new Set<Deadline>();
  readonly #spare: Deadline[] = [];
  #cancel: Cancel | undefined;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  begin(): Deadline {
    const deadline = this.#spare.pop() ?? { abort: new AbortController(), dueMs: 0, late: false };
    deadline.dueMs = this.#clock.monotonicMs() + this.#timeoutMs;
    this.#underWay.add(deadline);
    this.#cancel ??= this.#lookLater();
    return deadline;
  }

  end(deadline: Deadline) {
    this.#underWay.delete(deadline);
    if (!deadline.abort.signal.aborted && this.#spare.length < MAX_SPARE) this.#spare.push(deadline);
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
