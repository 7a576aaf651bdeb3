/** Values that wait to be put in; more make each round dearer and rarer. */
const BUFFER = 512;
/** Centroids kept are at most twice this: about 1,000 bytes, and a rank that is off by far less than 1 %. */
const COMPRESSION = 100;

export interface DigestState {
  means: number[];
  weights: number[];
  buffer: number[];
  min: number;
  max: number;
}

/**
 * Dunning's merging t-digest: the distribution of any number of values in bounded memory, most exact at its ends.
 *
 * Own code: the packages there are (tdigest, and what is built on it) choose at random where values go, so that two
 * runs over the same input differ, and a restored one differs from the one that went on.
 */
export class TDigest {
  #means: number[] = [];
  #weights: number[] = [];
  #buffer: number[] = [];
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  add(value: number) {
    this.#buffer.push(value);
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    if (this.#buffer.length >= BUFFER) this.#compress();
  }

  merge(other: TDigest) {
    for (const value of other.#buffer) this.add(value);
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
    this.#compress(other.#means, other.#weights);
  }

  /** The value below which a share of `q` lies. */
  quantile(q: number): number {
    this.#compress();
    const [means, weights] = [this.#means, this.#weights];
    const wanted = q * weights.reduce((sum, weight) => sum + weight, 0);
    // A centroid stands in the middle of its weight; the ends are known exactly.
    let [fromRank, fromValue, before] = [0, this.#min, 0];
    for (const [at, weight] of weights.entries()) {
      const rank = before + weight / 2;
      if (wanted < rank) return between(wanted, fromRank, fromValue, rank, means[at]!);
      [fromRank, fromValue] = [rank, means[at]!];
      before += weight;
    }
    return between(wanted, fromRank, fromValue, before, this.#max);
  }

  state(): DigestState {
    const [means, weights, buffer] = [[...this.#means], [...this.#weights], [...this.#buffer]];
    return { means, weights, buffer, min: this.#min, max: this.#max };
  }

  static of({ means, weights, buffer, min, max }: DigestState): TDigest {
    const digest = new TDigest();
    digest.#means = [...means];
    digest.#weights = [...weights];
    digest.#buffer = [...buffer];
    digest.#min = min;
    digest.#max = max;
    return digest;
  }

  /** Puts the buffer, and other centroids, among the centroids; neighbours become one as far as their place allows. */
  #compress(means: readonly number[] = [], weights: readonly number[] = []) {
    if (this.#buffer.length + means.length === 0) return;
    const all = [...this.#means, ...means, ...this.#buffer];
    const weightOf = [...this.#weights, ...weights];
    const order = [...all.keys()].sort((a, b) => all[a]! - all[b]!);
    const total = order.reduce((sum, at) => sum + (weightOf[at] ?? 1), 0);
    this.#means = [];
    this.#weights = [];
    this.#buffer = [];
    let [mean, weight, before, limit] = [0, 0, 0, total * limitAfter(0)];
    for (const at of order) {
      const added = weightOf[at] ?? 1;
      if (weight > 0 && before + weight + added > limit) {
        this.#keep(mean, weight);
        before += weight;
        limit = total * limitAfter(before / total);
        weight = 0;
        mean = 0;
      }
      weight += added;
      mean += ((all[at]! - mean) * added) / weight;
    }
    this.#keep(mean, weight);
  }

  #keep(mean: number, weight: number) {
    this.#means.push(mean);
    this.#weights.push(weight);
  }
}

/** How far a centroid that begins at the share `q` may reach: the arcsine makes those at the ends small. */
function limitAfter(q: number): number {
  const step = (COMPRESSION / (2 * Math.PI)) * Math.asin(2 * q - 1) + 1;
  return step >= COMPRESSION / 4 ? 1 : (Math.sin((step * 2 * Math.PI) / COMPRESSION) + 1) / 2;
}

function between(rank: number, fromRank: number, fromValue: number, toRank: number, toValue: number): number {
  if (toRank === fromRank) return toValue;
  const share = (rank - fromRank) / (toRank - fromRank);
  return fromValue * (1 - share) + toValue * share;
}
