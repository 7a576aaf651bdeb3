import { type Clock, sleep } from "../base/clock.ts";
import type { VirtualClock } from "../base/virtual_clock.ts";
import type { Outside } from "./outside.ts";

/** An answer from outside takes no virtual time for so long; after that time passes as on the wall, so that timeouts work. */
const PATIENCE_MS = 10_000;
/** How often a clock that follows the wall is set. */
const STEP_MS = 10;
/** Rounds of the event loop without news after which nothing more comes by itself. */
const QUIET_ROUNDS = 2;

export interface PaceOptions {
  readonly clock: VirtualClock;
  /** The wall's. */
  readonly real: Clock;
  readonly outside: Outside;
  /** Virtual milliseconds for one of the wall; Infinity leaps from each timer to the next. */
  readonly speed: number;
  /** Changes whenever the run has done something. */
  progress(): number;
  yieldToLoop(): Promise<void>;
  /** Called when the run has done all that it can do at this time. */
  onQuiet?(): void;
}

/** Moves the time of a run until `ending` settles. In leaps it is a function of what the run does, never of the machine. */
export async function pace<Ending>(ending: Promise<Ending>, options: PaceOptions): Promise<Ending> {
  const run = { over: false };
  const finish = () => {
    run.over = true;
  };
  ending.then(finish, finish);
  const pacer = new Pacer(options, run);
  await (options.speed === Number.POSITIVE_INFINITY ? pacer.leaps() : pacer.follow());
  return await ending;
}

class Pacer {
  readonly #options: PaceOptions;
  readonly #run: { readonly over: boolean };

  constructor(options: PaceOptions, run: { readonly over: boolean }) {
    this.#options = options;
    this.#run = run;
  }

  async leaps() {
    const { clock, outside } = this.#options;
    while (!this.#run.over) {
      await this.#quiet();
      if (this.#run.over) return;
      if (outside.pending > 0) await this.#waitOutside();
      else {
        this.#options.onQuiet?.();
        if (!clock.leap()) await this.#wait(1);
      }
    }
  }

  /** Time goes as on the wall, times the speed. */
  async follow() {
    const { clock, real, speed } = this.#options;
    const [realMs, virtualMs] = [real.monotonicMs(), clock.monotonicMs()];
    while (!this.#run.over) {
      const nextMs = Math.min(STEP_MS, (clock.nextInMs ?? STEP_MS) / speed);
      await this.#wait(nextMs);
      const behindMs = (real.monotonicMs() - realMs) * speed - (clock.monotonicMs() - virtualMs);
      // Timer by timer: what one of them starts is done before the next of them runs.
      while (!this.#run.over && (clock.nextInMs ?? Number.POSITIVE_INFINITY) <= behindMs) {
        const before = clock.monotonicMs();
        clock.leap();
        await this.#quiet();
        if (clock.monotonicMs() > before) break;
      }
      const leftMs = (real.monotonicMs() - realMs) * speed - (clock.monotonicMs() - virtualMs);
      if ((clock.nextInMs ?? Number.POSITIVE_INFINITY) > leftMs && leftMs > 0) clock.advance(leftMs);
    }
  }

  /** Until the run has done all that it can do now. */
  async #quiet() {
    const { outside, progress, yieldToLoop } = this.#options;
    for (let rounds = 0; rounds < QUIET_ROUNDS && !this.#run.over; ) {
      const before = progress() + outside.events;
      await yieldToLoop();
      rounds = progress() + outside.events === before ? rounds + 1 : 0;
    }
  }

  /** Until something comes back; beyond the patience time passes meanwhile. */
  async #waitOutside() {
    const { clock, real, outside } = this.#options;
    const since = real.monotonicMs();
    const { events } = outside;
    while (!this.#run.over && outside.events === events) {
      await this.#wait(1);
      if (real.monotonicMs() - since > PATIENCE_MS) clock.advance(1);
    }
  }

  #wait(ms: number): Promise<void> {
    const { real, yieldToLoop } = this.#options;
    return ms < 1 ? yieldToLoop() : sleep(real, ms);
  }
}
