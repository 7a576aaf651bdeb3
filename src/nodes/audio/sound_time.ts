/** In the first seconds of a connection what a server had kept may come at once. */
const SETTLE_MS = 5_000;
/** Blocks come in bursts and late; by more than this, samples were lost or a clock goes wrong. */
const TOLERANCE_MS = 1_000;
/** And only when it stays so: after a pause of this process everything comes late, and then all at once. */
const PATIENCE_MS = 2_000;

/**
 * The time line of a live sound: number n is the sample that was due n / rate behind the start, over all connections.
 *
 * Within a connection samples are counted. Where fewer came than time has passed, samples are missing, and the numbers
 * leap to where they are due; where more came (a sound card that runs fast: some seconds a day), blocks are left out. So
 * `ts` is exact from one sample to the next, and never more than about a second off however long it goes on.
 */
export class SoundTime {
  /** Gaps between connections and within them, and blocks that were left out. */
  readonly counts = { gaps_total: 0, missing_samples_total: 0, left_out_total: 0 };
  readonly #rate: number;
  #startMs: number | undefined;
  #next = 0;
  #connection: Connection | undefined;

  constructor(rate: number) {
    this.#rate = rate;
  }

  /** Time of sample 0, wall clock; undefined before the first block. */
  get startMs(): number | undefined {
    return this.#startMs;
  }

  /** The next block is the first of a connection. */
  open(): void {
    this.#connection = undefined;
  }

  /** Number of the first sample of a block that just came, or undefined for one that is left out. */
  place(length: number, wallMs: number, nowMs: number): number | undefined {
    if (this.#connection === undefined) this.#begin(length, wallMs, nowMs);
    else if (!this.#follow(length, nowMs, this.#connection)) return undefined;
    const at = this.#next;
    this.#next += length;
    return at;
  }

  /** What came first was recorded in the time just before it came. */
  #begin(length: number, wallMs: number, nowMs: number) {
    const beganMs = wallMs - this.#ms(length);
    if (this.#startMs === undefined) this.#startMs = beganMs;
    else this.#leap(Math.round(((beganMs - this.#startMs) * this.#rate) / 1_000) - this.#next);
    const zeroMs = nowMs - this.#ms(this.#next + length);
    this.#connection = { openedMs: nowMs, zeroMs, usualMs: 0, off: undefined };
  }

  /** False for a block that has no place. */
  #follow(length: number, nowMs: number, connection: Connection): boolean {
    // How much more sound came than time has passed.
    const leadMs = this.#ms(this.#next + length) - (nowMs - connection.zeroMs);
    if (nowMs - connection.openedMs < SETTLE_MS) {
      connection.usualMs = Math.max(connection.usualMs, leadMs);
      return true;
    }
    const offMs = leadMs - connection.usualMs;
    if (offMs > TOLERANCE_MS) {
      this.counts.left_out_total += 1;
      return false;
    }
    this.#watch(offMs, nowMs, connection);
    return true;
  }

  #watch(offMs: number, nowMs: number, connection: Connection) {
    if (offMs >= -TOLERANCE_MS) {
      connection.off = undefined;
      return;
    }
    const { sinceMs, leastMs } = connection.off ?? { sinceMs: nowMs, leastMs: -offMs };
    connection.off = { sinceMs, leastMs: Math.min(leastMs, -offMs) };
    if (nowMs - sinceMs < PATIENCE_MS) return;
    this.#leap(Math.round((connection.off.leastMs * this.#rate) / 1_000));
    connection.off = undefined;
  }

  #leap(samples: number) {
    if (samples <= 0) return;
    this.#next += samples;
    this.counts.gaps_total += 1;
    this.counts.missing_samples_total += samples;
  }

  #ms(samples: number): number {
    return (samples * 1_000) / this.#rate;
  }
}

interface Connection {
  openedMs: number;
  /** When sample 0 would have come. */
  zeroMs: number;
  /** How much more sound than time has passed came at the start. */
  usualMs: number;
  /** Too little came, since then, and by at least so much. */
  off: { sinceMs: number; leastMs: number } | undefined;
}
