/**
 * What keeps blobs from being swept besides the rows: they are held, or somebody named them a moment ago.
 *
 * Keys are sha256 in hex. Nothing of it is on the disk: after a crash no hold is left, and every blob that was there
 * counts as named when the store was opened.
 */
export class BlobPins {
  readonly #holds = new Map<string, number>();
  /** Monotonic time of the last naming. Forgotten by `forgetBefore`, so it has the blobs of one grace period. */
  readonly #named = new Map<string, number>();
  readonly #now: () => number;
  readonly #openedMs: number;

  constructor(now: () => number) {
    this.#now = now;
    this.#openedMs = now();
  }

  get held(): number {
    return this.#holds.size;
  }

  /** Keeps a blob until the function it gives back is called, and from then as if it had just been named. */
  hold(sha256: string): () => void {
    this.#holds.set(sha256, (this.#holds.get(sha256) ?? 0) + 1);
    let over = false;
    return () => {
      if (over) return;
      over = true;
      const left = this.#holds.get(sha256)! - 1;
      if (left === 0) this.#holds.delete(sha256);
      else this.#holds.set(sha256, left);
      this.name(sha256);
    };
  }

  name(sha256: string) {
    this.#named.set(sha256, this.#now());
  }

  /** True when the blob is not held and was not named since `sinceMs`. */
  idleSince(sha256: string, sinceMs: number): boolean {
    return !this.#holds.has(sha256) && (this.#named.get(sha256) ?? this.#openedMs) < sinceMs;
  }

  /** False when no blob can be idle for so long, because the store was not open then. */
  anyIdleSince(sinceMs: number): boolean {
    return this.#openedMs < sinceMs;
  }

  forgetBefore(timeMs: number) {
    if (timeMs <= this.#openedMs) return;
    for (const [sha256, atMs] of this.#named) if (atMs < timeMs) this.#named.delete(sha256);
  }
}
