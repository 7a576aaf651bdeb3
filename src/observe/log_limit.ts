import type { Cancel, Clock } from "../base/clock.ts";

/** Five lines show that something repeats; a camera at 30 frames/s would write 300 in the same time. */
const MAX_LINES = 5;
const WINDOW_MS = 10_000;
/** Messages that are not constant invent places without end, so the oldest one makes room. */
const MAX_PLACES = 1_000;

interface Place {
  openedAtMs: number;
  lines: number;
  suppressed: number;
  cancel: Cancel | undefined;
}

/** Lets five lines per place and 10 s through and tells how many it held back. */
export class LogLimiter {
  readonly #clock: Clock;
  readonly #tell: (place: string, suppressed: number) => void;
  readonly #places = new Map<string, Place>();

  constructor(clock: Clock, tell: (place: string, suppressed: number) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  admits(name: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#places.get(name);
    const place = known && nowMs - known.openedAtMs < WINDOW_MS ? known : this.#open(name, nowMs);
    place.lines += 1;
    if (place.lines <= MAX_LINES) return true;
    place.suppressed += 1;
    place.cancel ??= this.#clock.setTimer(() => this.#end(name), place.openedAtMs + WINDOW_MS - nowMs);
    return false;
  }

  /** Tells what is still held back and leaves no timer. */
  close() {
    for (const name of [...this.#places.keys()]) this.#end(name);
  }

  #open(name: string, nowMs: number): Place {
    this.#end(name);
    if (this.#places.size >= MAX_PLACES) this.#end(this.#places.keys().next().value!);
    const place = { openedAtMs: nowMs, lines: 0, suppressed: 0, cancel: undefined };
    this.#places.set(name, place);
    return place;
  }

  #end(name: string) {
    const place = this.#places.get(name);
    this.#places.delete(name);
    place?.cancel?.();
    if (place !== undefined && place.suppressed > 0) this.#tell(name, place.suppressed);
  }
}
