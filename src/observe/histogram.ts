/** Buckets per doubling: a bucket is 1/32 = 3.1 % wide, so its middle is at most 1.6 % off. */
const PER_OCTAVE_BITS = 5;
/** Mantissa bits of the high word of a double that the bucket number leaves out. */
const SHIFT = 20 - PER_OCTAVE_BITS;
/** 2^-10 ms, just under a microsecond: the lower edge of bucket 1. */
const FLOOR_MS = 2 ** -10;
const BASE = (1023 - 10) << PER_OCTAVE_BITS;
/** The bucket of one hour; longer values are counted there, and `max` still has them exactly. */
const LAST = bucketEdge(3_600_000);
const FIRST_BUCKETS = 256;

const double = new Float64Array(1);
// All targets are little-endian, so word 1 holds sign, exponent and the upper 20 mantissa bits.
const words = new Uint32Array(double.buffer);

/**
 * Counts durations in log-linear buckets, 1 µs to 1 h with at most 1.6 % error, and their exact
 * count, sum and maximum.
 *
 * Exponent and upper mantissa bits of the value are the bucket number, so recording costs the same
 * for every value. Memory grows with the longest value seen: 2 kB below 0.25 ms, at most 8 kB.
 */
export class Histogram {
  count = 0;
  /** Milliseconds. */
  sum = 0;
  /** Milliseconds; 0 while empty. */
  max = 0;
  #buckets: Float64Array | undefined;

  record(ms: number) {
    this.recordMany(ms, 1);
  }

  /** Counts `n` equal values. What is not above 0 (a clock read twice in one tick) counts as 0. */
  recordMany(ms: number, n: number) {
    let bucket = 0;
    if (ms >= FLOOR_MS) {
      double[0] = ms;
      bucket = (words[1]! >>> SHIFT) - BASE + 1;
      if (bucket > LAST) bucket = LAST;
      this.sum += ms * n;
      if (ms > this.max) this.max = ms;
    }
    let buckets = this.#buckets;
    if (buckets === undefined || bucket >= buckets.length) buckets = this.#grow(bucket);
    buckets[bucket]! += n;
    this.count += n;
  }

  /** Milliseconds that the share `q` (0 … 1) of values does not exceed; NaN while empty. */
  percentile(q: number): number {
    if (this.#buckets === undefined || this.count === 0) return Number.NaN;
    const rank = Math.max(1, Math.ceil(q * this.count));
    let seen = 0;
    for (let bucket = 0; bucket < this.#buckets.length; bucket++) {
      seen += this.#buckets[bucket]!;
      if (seen >= rank) return Math.min(bucketMiddle(bucket), this.max);
    }
    return this.max;
  }

  /** How many values lie under each bound (milliseconds, rising); a bound should be a bucket's edge. */
  countsBelow(bounds: readonly number[]): number[] {
    const counts: number[] = [];
    let bucket = 0;
    let seen = 0;
    for (const bound of bounds) {
      const end = Math.min(bucketEdge(bound), this.#buckets?.length ?? 0);
      for (; bucket < end; bucket++) seen += this.#buckets![bucket]!;
      counts.push(seen);
    }
    return counts;
  }

  /** Adds everything `other` has counted. */
  merge(other: Histogram) {
    const theirs = other.#buckets;
    if (theirs === undefined) return;
    const ours = this.#grow(theirs.length - 1);
    for (let bucket = 0; bucket < theirs.length; bucket++) ours[bucket]! += theirs[bucket]!;
    this.count += other.count;
    this.sum += other.sum;
    if (other.max > this.max) this.max = other.max;
  }

  #grow(bucket: number): Float64Array {
    const old = this.#buckets;
    if (old !== undefined && bucket < old.length) return old;
    let size = old?.length ?? FIRST_BUCKETS;
    while (size <= bucket) size *= 2;
    // Float64, not Uint32: at 6 M packets/s a 32-bit bucket is full after 12 minutes.
    const buckets = new Float64Array(size);
    if (old !== undefined) buckets.set(old);
    this.#buckets = buckets;
    return buckets;
  }
}

/** Number of the bucket that begins at or below `ms`. */
function bucketEdge(ms: number): number {
  if (!(ms >= FLOOR_MS)) return 0;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, ms);
  return (view.getUint32(0) >>> SHIFT) - BASE + 1;
}

function bucketMiddle(bucket: number): number {
  // Bucket 0 is everything under a microsecond.
  if (bucket === 0) return 0;
  const octave = FLOOR_MS * 2 ** ((bucket - 1) >> PER_OCTAVE_BITS);
  const step = octave / (1 << PER_OCTAVE_BITS);
  return octave + (((bucket - 1) & ((1 << PER_OCTAVE_BITS) - 1)) + 0.5) * step;
}
