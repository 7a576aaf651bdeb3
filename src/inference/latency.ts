/** The latest this many are what percentiles are of: a minute of eight frames a second. */
const KEPT = 512;

/** How long requests took, of late. */
export class Latency {
  readonly #latest = new Float64Array(KEPT);
  count = 0;
  sumMs = 0;

  add(ms: number) {
    this.#latest[this.count % KEPT] = ms;
    this.count += 1;
    this.sumMs += ms;
  }

  /** Milliseconds that the share `q` of the latest did not exceed; 0 while there is none. */
  percentile(q: number): number {
    const length = Math.min(this.count, KEPT);
    const sorted = this.#latest.slice(0, length).sort();
    return sorted[Math.max(0, Math.ceil(q * length) - 1)] ?? 0;
  }
}
