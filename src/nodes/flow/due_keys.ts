import TinyQueue from "tinyqueue";

interface Due {
  key: string;
  atMs: number;
  /** Order of the calls, so that what is due at one time comes in the order it was asked for. */
  order: number;
}

/** Which keys are due when. A key stands in it once; one that is put off is asked again when its old time comes. */
export class DueKeys {
  readonly #queue = new TinyQueue<Due>([], (a, b) => a.atMs - b.atMs || a.order - b.order);
  readonly #keys = new Set<string>();
  #order = 0;

  /** No key is due before it; undefined when there are none. */
  get nextMs(): number | undefined {
    return this.#queue.peek()?.atMs;
  }

  add(key: string, atMs: number) {
    if (this.#keys.has(key)) return;
    this.#keys.add(key);
    this.#queue.push({ key, atMs, order: this.#order++ });
  }

  /** The keys due by `nowMs`, in order of time; `dueMs` says when a key is due by now, undefined that it is not any more. */
  take(nowMs: number, dueMs: (key: string) => number | undefined): string[] {
    const due: string[] = [];
    while ((this.nextMs ?? Number.POSITIVE_INFINITY) <= nowMs && this.#queue.length > 0) {
      const { key } = this.#queue.pop()!;
      this.#keys.delete(key);
      const atMs = dueMs(key);
      if (atMs === undefined) continue;
      if (atMs > nowMs) this.add(key, atMs);
      else due.push(key);
    }
    return due;
  }
}
