/**
 * Signatures of the last while, and the packet each came with. The same packet may come again, from a durable edge or a
 * sender that heard nothing; the same signature with another key is somebody else's copy.
 */
export class SeenSignatures {
  readonly #windowMs: number;
  readonly #max: number;
  /** In the order in which they came. */
  readonly #seen = new Map<string, { key: string; atMs: number }>();
  forgotten = 0;

  constructor(windowMs: number, max: number) {
    this.#windowMs = windowMs;
    this.#max = max;
  }

  get size(): number {
    return this.#seen.size;
  }

  /** False when it came with another key before. */
  admit(signature: string, key: string, nowMs: number): boolean {
    this.#forgetOld(nowMs);
    const first = this.#seen.get(signature);
    if (first !== undefined) return first.key === key;
    if (this.#seen.size >= this.#max) {
      this.#seen.delete(this.#seen.keys().next().value!);
      this.forgotten += 1;
    }
    this.#seen.set(signature, { key, atMs: nowMs });
    return true;
  }

  snapshot() {
    return Array.from(this.#seen, ([signature, { key, atMs }]) => [signature, key, atMs] as const);
  }

  restore(state: ReturnType<SeenSignatures["snapshot"]>) {
    this.#seen.clear();
    for (const [signature, key, atMs] of state) this.#seen.set(signature, { key, atMs });
  }

  /** What a window holds may be signed that long before or after now, so it is kept for both. */
  #forgetOld(nowMs: number) {
    for (const [signature, { atMs }] of this.#seen) {
      if (nowMs - atMs <= 2 * this.#windowMs) return;
      this.#seen.delete(signature);
    }
  }
}
