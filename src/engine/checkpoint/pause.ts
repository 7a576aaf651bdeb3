import type { Clock } from "../../base/clock.ts";
import type { Histogram } from "../../observe/index.ts";
import type { Producer } from "../producer.ts";
import type { Timers } from "../timers.ts";
import { busyIn, type Region } from "./region.ts";

/** Sources stand still for so long at first while what is under way finishes … */
const FIRST_MS = 50;
/** … and after each pause that was too short twice as long, up to this. */
const LONGEST_MS = 5_000;

/** Lets a region come to rest: its sources stand still, for a bounded time. */
export class Pause {
  /** When the last one began, monotonic. */
  begunMs = 0;
  readonly #region: Region;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #lengths: Histogram;
  #patienceMs = FIRST_MS;
  #on = false;
  #cancel = () => {};

  constructor(region: Region, clock: Clock, timers: Timers, lengths: Histogram) {
    this.#region = region;
    this.#clock = clock;
    this.#timers = timers;
    this.#lengths = lengths;
  }

  /** True when nothing is under way. */
  get quiet(): boolean {
    return busyIn(this.#region) === undefined;
  }

  /** The last pauses were too short for longer than a slow call takes. */
  get hopeless(): boolean {
    return this.#patienceMs === LONGEST_MS;
  }

  /** `onOver` hears who was still busy when the time was over; it has ended then. */
  begin(onOver: (busy: Producer) => void) {
    this.#on = true;
    this.begunMs = this.#clock.monotonicMs();
    for (const source of this.#region.sources) source.pause();
    this.#cancel = this.#timers.after(this.#patienceMs, () => {
      const busy = busyIn(this.#region);
      // Then a turn is about to find it quiet.
      if (busy === undefined) return;
      this.end();
      this.#patienceMs = Math.min(2 * this.#patienceMs, LONGEST_MS);
      onOver(busy);
    });
  }

  end() {
    if (!this.#on) return;
    this.#on = false;
    this.#cancel();
    this.#lengths.record(this.#clock.monotonicMs() - this.begunMs);
    for (const source of this.#region.sources) source.resume();
  }

  /** It was long enough: the next one may be short again. */
  succeeded() {
    this.#patienceMs = FIRST_MS;
  }
}
