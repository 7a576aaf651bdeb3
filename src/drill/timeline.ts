/** Why 100 ms: a restart takes some hundreds, so the gap it leaves is seen. */
const BUCKET_MS = 100;
/** Ten minutes of a fault; what comes later is added to the last. */
const MAX_BUCKETS = 6_000;
/** A kill loop has a hundred; more marks than these cannot be told apart in a plot. */
const MAX_MARKS = 400;

export interface Mark {
  readonly atMs: number;
  readonly what: string;
}

/** Acknowledged and delivered over the time of one fault, for its plot. */
export interface Series {
  readonly bucketMs: number;
  readonly acknowledged: readonly number[];
  readonly delivered: readonly number[];
  readonly marks: readonly Mark[];
}

export class Timeline {
  readonly #startMs: number;
  readonly #nowMs: () => number;
  readonly #acknowledged: number[] = [];
  readonly #delivered: number[] = [];
  readonly #marks: Mark[] = [];

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
  }

  acknowledged() {
    this.#add(this.#acknowledged);
  }

  delivered() {
    this.#add(this.#delivered);
  }

  mark(what: string) {
    if (this.#marks.length < MAX_MARKS) this.#marks.push({ atMs: Math.round(this.#nowMs() - this.#startMs), what });
  }

  series(): Series {
    const length = Math.max(this.#acknowledged.length, this.#delivered.length);
    const whole = (counts: readonly number[]) => Array.from({ length }, (_, at) => counts[at] ?? 0);
    return {
      bucketMs: BUCKET_MS,
      acknowledged: whole(this.#acknowledged),
      delivered: whole(this.#delivered),
      marks: this.#marks,
    };
  }

  #add(counts: number[]) {
    const at = Math.min(MAX_BUCKETS - 1, Math.floor((this.#nowMs() - this.#startMs) / BUCKET_MS));
    counts[at] = (counts[at] ?? 0) + 1;
  }
}
