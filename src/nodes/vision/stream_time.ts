/**
 * Event time of one source, which never goes back. A packet older than the newest one counts as being of its time;
 * one that is older by more than `patienceMs` starts the stream again, as a recording that is played anew does.
 */
export class StreamTime {
  readonly #patienceMs: number;
  #newestMs: number | undefined;

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** Undefined before the first packet. */
  get newestMs(): number | undefined {
    return this.#newestMs;
  }

  /** Takes a packet's time; says how it lies to those before. */
  take(atMs: number): "first" | "on" | "late" | "restart" {
    const newestMs = this.#newestMs;
    const elapsedMs = newestMs === undefined ? 0 : atMs - newestMs;
    if (newestMs === undefined || elapsedMs >= 0 || elapsedMs < -this.#patienceMs) this.#newestMs = atMs;
    if (newestMs === undefined) return "first";
    if (elapsedMs >= 0) return "on";
    return elapsedMs < -this.#patienceMs ? "restart" : "late";
  }

  load(newestMs: number | null) {
    this.#newestMs = newestMs ?? undefined;
  }
}
