/** A picture is looked at this often: looking at each would cost more than it tells. */
const LOOK_MS = 1_000;
/** A scene that truly stands still is not opened again more often than this, in the end. */
const MAX_STILL_MS = 3_600_000;

/**
 * Says when a camera has sent the same pixels for too long. A real sensor has noise, so pixels that stay the same to
 * the last bit come from an encoder that hangs, while the connection looks well.
 *
 * When the picture is still the same after a new connection, the scene may be so (a test picture, a covered lens): the
 * time doubles then, up to an hour, until something moves.
 */
export class Stillness {
  readonly #limitMs: number;
  #allowedMs: number;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #sinceMs = 0;
  #hash: number | bigint | undefined;

  /** `limitMs` of 0 never finds anything. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
    this.#allowedMs = limitMs;
  }

  /** The time counts from the first picture of each connection. */
  opened(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  /** True when `data` has been the same for too long. */
  frozen(data: Uint8Array, nowMs: number): boolean {
    if (this.#limitMs === 0 || nowMs - this.#lookedAtMs < LOOK_MS) return false;
    this.#lookedAtMs = nowMs;
    const hash = Bun.hash(data);
    if (hash !== this.#hash) {
      if (this.#hash !== undefined) this.#allowedMs = this.#limitMs;
      this.#hash = hash;
      this.#sinceMs = nowMs;
      return false;
    }
    if (nowMs - this.#sinceMs < this.#allowedMs) return false;
    this.#allowedMs = Math.min(MAX_STILL_MS, this.#allowedMs * 2);
    return true;
  }
}
