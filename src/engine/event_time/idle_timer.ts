import type { Clock } from "../../base/clock.ts";
import type { Timers } from "../timers.ts";
import type { SourceTime } from "./source_time.ts";

/** Timers that fall due one after the other come together within this; `idle` is in seconds. */
const GRAIN_MS = 20;

/** Wakes a run in which nothing happens when a source has been silent for so long that it is not waited for any more. */
export class IdleTimer {
  readonly #run: { readonly clock: Clock; readonly timers: Timers; work(): void };
  readonly #sources: readonly SourceTime[];
  readonly #onIdle: () => void;
  #dueMs = Number.POSITIVE_INFINITY;
  #cancel = () => {};

  constructor(
    run: { readonly clock: Clock; readonly timers: Timers; work(): void },
    sources: readonly SourceTime[],
    onIdle: () => void,
  ) {
    this.#run = run;
    this.#sources = sources;
    this.#onIdle = onIdle;
  }

  /** Sets the timer, unless it is due early enough. */
  set() {
    const nowMs = this.#run.clock.monotonicMs();
    let waitMs = Number.POSITIVE_INFINITY;
    for (const source of this.#sources) waitMs = Math.min(waitMs, source.idleInMs(nowMs) ?? waitMs);
    if (waitMs === Number.POSITIVE_INFINITY || nowMs + waitMs >= this.#dueMs) return;
    waitMs = Math.max(waitMs, GRAIN_MS);
    this.#cancel();
    this.#dueMs = nowMs + waitMs;
    this.#cancel = this.#run.timers.after(waitMs, () => this.#ring());
  }

  stop() {
    this.#cancel();
  }

  #ring() {
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#onIdle();
    this.#run.work();
  }
}
