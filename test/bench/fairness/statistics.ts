/**
 * What the fairness bench says of its figures. Written here: npm has rank tests without p values, or a normal
 * distribution from a table of two digits, and no Holm or Cliff.
 */
import { PythonRandom } from "../../../src/base/mersenne_twister.ts";

export const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Percentile with linear interpolation between the two nearest ranks. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = ((sorted.length - 1) * percent) / 100;
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (at - low);
}

/** Percentile bootstrap of the mean: 95% of `rounds` means of samples drawn with replacement. */
export function bootstrapInterval(values: readonly number[], rounds = 2_000, seed = 1337): [low: number, high: number] {
  const random = new PythonRandom(seed);
  const draw = () => values[random.choice(values.length)]!;
  const means = Array.from({ length: rounds }, () => mean(Array.from(values, draw)));
  return [percentile(means, 2.5), percentile(means, 97.5)];
}

/** Two-sided Mann–Whitney U test: normal approximation with ties and continuity corrected. */
export function mannWhitney(a: readonly number[], b: readonly number[]): { u: number; p: number } {
  const all = [...a.map((value) => ({ value, own: true })), ...b.map((value) => ({ value, own: false }))];
  all.sort((one, other) => one.value - other.value);
  let [rankSum, ties] = [0, 0];
  for (let from = 0; from < all.length; ) {
    let to = from;
    while (to < all.length && all[to]!.value === all[from]!.value) to += 1;
    const own = all.slice(from, to).filter((one) => one.own).length;
    // Ranks begin at 1; all that are alike have the one in their middle.
    rankSum += (own * (from + 1 + to)) / 2;
    ties += (to - from) ** 3 - (to - from);
    from = to;
  }
  const [n, m] = [a.length, b.length];
  const u = rankSum - (n * (n + 1)) / 2;
  const variance = ((n * m) / 12) * (n + m + 1 - ties / ((n + m) * (n + m - 1)));
  if (variance === 0) return { u, p: 1 };
  const z = Math.max(0, Math.abs(u - (n * m) / 2) - 0.5) / Math.sqrt(variance);
  return { u, p: Math.min(1, 2 * upperTail(z)) };
}

/** P(Z > z) for z >= 0, by Abramowitz and Stegun 26.2.17: off by 7.5e-8 at most. */
function upperTail(z: number): number {
  const t = 1 / (1 + 0.2316419 * z);
  const sum = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return (Math.exp(-(z ** 2) / 2) / Math.sqrt(2 * Math.PI)) * sum;
}

/** Holm's correction: p values in the order given, each at least as large as those before it in rank. */
export function holm(values: readonly number[]): number[] {
  const order = values.map((p, at) => ({ p, at })).sort((a, b) => a.p - b.p);
  const corrected = new Array<number>(values.length);
  let least = 0;
  for (const [rank, { p, at }] of order.entries()) {
    least = Math.max(least, Math.min(1, p * (values.length - rank)));
    corrected[at] = least;
  }
  return corrected;
}

export type Effect = "none" | "small" | "medium" | "large";

/** Cliff's delta: how much more often a value of `a` is above one of `b` than below. */
export function cliffsDelta(a: readonly number[], b: readonly number[]): { delta: number; effect: Effect } {
  let sum = 0;
  for (const one of a) for (const other of b) sum += Math.sign(one - other);
  const delta = sum / (a.length * b.length);
  const size = Math.abs(delta);
  return { delta, effect: size < 0.147 ? "none" : size < 0.33 ? "small" : size < 0.474 ? "medium" : "large" };
}
