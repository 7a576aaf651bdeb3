import type { Fact } from "./posts.ts";

/** Keys take about 100 bytes each; beyond this nothing more is compared, and `keys_full` says so. */
const MAX_KEYS = 10_000_000;
const MAX_SERIES = 100_000;

interface Series {
  first: number;
  last: number;
  unique: number;
}

/** Counts what the backend was sent and what it took. */
export class Ledger {
  readonly #keys = new Set<string>();
  readonly #series = new Map<string, Series>();
  readonly #byStatus = new Map<string, number>();
  posts = 0;
  accepted = 0;
  duplicates = 0;
  outOfOrder = 0;
  batches = 0;

  /** A post and what became of it: a status, or `reset`, `hang` and so on. */
  post(outcome: string) {
    this.posts += 1;
    this.#byStatus.set(outcome, (this.#byStatus.get(outcome) ?? 0) + 1);
  }

  /** A fact that was taken; true when it is new. */
  take({ key, source = "", seq }: Fact): boolean {
    this.accepted += 1;
    if (this.#keys.has(key)) {
      this.duplicates += 1;
      return false;
    }
    if (this.#keys.size < MAX_KEYS) this.#keys.add(key);
    if (seq !== undefined) this.#inSeries(source, seq);
    return true;
  }

  stats() {
    let missing = 0;
    for (const { first, last, unique } of this.#series.values()) missing += last - first + 1 - unique;
    return {
      posts: this.posts,
      batches: this.batches,
      accepted: this.accepted,
      unique: this.accepted - this.duplicates,
      duplicates: this.duplicates,
      by_status: Object.fromEntries([...this.#byStatus].sort()),
      series: this.#series.size,
      out_of_order: this.outOfOrder,
      missing,
      keys_full: this.#keys.size >= MAX_KEYS,
    };
  }

  #inSeries(source: string, seq: number) {
    const series = this.#series.get(source);
    if (series === undefined) {
      if (this.#series.size < MAX_SERIES) this.#series.set(source, { first: seq, last: seq, unique: 1 });
      return;
    }
    if (seq < series.last) this.outOfOrder += 1;
    series.first = Math.min(series.first, seq);
    series.last = Math.max(series.last, seq);
    series.unique += 1;
  }
}
