import { finiteNumber, resultNumber, type Store } from "./store.ts";
import { type DigestState, TDigest } from "./t_digest.ts";

/** Percentiles: of the values themselves up to `exact` of them, then of a t-digest. */
export class QuantileStore implements Store {
  readonly #exact: number;
  #slots: (number[] | TDigest | undefined)[] = [];

  constructor(exact: number) {
    this.#exact = exact;
  }

  prepare = finiteNumber;

  grow() {}

  clear(slot: number) {
    this.#slots[slot] = undefined;
  }

  add(slot: number, value: unknown) {
    const known = this.#slots[slot];
    if (known === undefined) this.#slots[slot] = [value as number];
    else if (known instanceof TDigest) known.add(value as number);
    else if (known.length < this.#exact) known.push(value as number);
    else this.#digest(slot, known).add(value as number);
  }

  merge(into: number, from: number) {
    const theirs = this.#slots[from];
    if (theirs === undefined) return;
    if (!(theirs instanceof TDigest)) {
      for (const value of theirs) this.add(into, value);
      return;
    }
    const ours = this.#slots[into];
    (ours instanceof TDigest ? ours : this.#digest(into, ours ?? [])).merge(theirs);
  }

  /** Between two values the line that joins them counts (as `numpy.percentile` does). Null when there is none. */
  quantile(slot: number, q: number): number | null {
    const known = this.#slots[slot];
    if (known === undefined) return null;
    if (known instanceof TDigest) return resultNumber(known.quantile(q));
    const sorted = Float64Array.from(known).sort();
    const rank = q * (sorted.length - 1);
    const low = sorted[Math.floor(rank)]!;
    const share = rank - Math.floor(rank);
    return share === 0 ? low : resultNumber(low * (1 - share) + sorted[Math.ceil(rank)]! * share);
  }

  whole = (slot: number) => !(this.#slots[slot] instanceof TDigest);

  /** All values in one column, with how many each slot has: -1 is one with a digest. */
  snapshot(used: number) {
    const lengths = new Int32Array(used);
    const digests: [slot: number, state: DigestState][] = [];
    let total = 0;
    for (let slot = 0; slot < used; slot++) {
      const known = this.#slots[slot];
      if (known instanceof TDigest) digests.push([slot, known.state()]);
      lengths[slot] = known instanceof TDigest ? -1 : (known?.length ?? 0);
      total += Math.max(0, lengths[slot]!);
    }
    const values = new Float64Array(total);
    let at = 0;
    for (let slot = 0; slot < used; slot++) {
      const known = this.#slots[slot];
      if (!Array.isArray(known)) continue;
      values.set(known, at);
      at += known.length;
    }
    return { lengths, values, digests };
  }

  restore(state: unknown) {
    const { lengths, values, digests } = state as ReturnType<QuantileStore["snapshot"]>;
    let at = 0;
    this.#slots = Array.from(lengths, (length) => {
      if (length <= 0) return undefined;
      at += length;
      return [...values.subarray(at - length, at)];
    });
    for (const [slot, digest] of digests) this.#slots[slot] = TDigest.of(digest);
  }

  #digest(slot: number, values: readonly number[]): TDigest {
    const digest = new TDigest();
    for (const value of values) digest.add(value);
    this.#slots[slot] = digest;
    return digest;
  }
}
