/** What is told of a series of measurements; undefined of an empty one. */
export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  return { count: sorted.length, p50: rank(sorted, 0.5), p99: rank(sorted, 0.99), max: sorted.at(-1)! };
}

/** Nearest rank: a value that was measured, never one in between. With fewer than 100 of them p99 is the largest. */
const rank = (sorted: readonly number[], share: number) => sorted[Math.ceil(share * sorted.length) - 1]!;

/**
 * Largest rate of loss that `lost` losses in `trials` leave possible with 95 % certainty, at most 1.
 *
 * Without a loss it is 3/n, the "rule of three": (1 - 3/n)^n is about 0.05. With losses it is Poisson's bound in the
 * normal approximation of Byar, good to 2 % from the first loss on.
 */
export function upperBound95(lost: number, trials: number): number {
  if (trials === 0) return 1;
  if (lost === 0) return Math.min(1, 3 / trials);
  const events = lost + 1;
  // 1.645: 95 % of a normal distribution lie below it.
  const bound = events * (1 - 1 / (9 * events) + 1.645 / (3 * Math.sqrt(events))) ** 3;
  return Math.min(1, bound / trials);
}

/** Slope of the least squares line through points [x, y], in y per x; 0 of fewer than two different x. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  if (points.length < 2 || spread === 0) return 0;
  return points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
}
