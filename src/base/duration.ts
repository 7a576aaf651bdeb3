const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export const DURATION = /^\d+(?:\.\d+)?(?:ms|s|m|h|d)$/;

/** Milliseconds in `90s`, `1.5h` or `7d`. The text must match {@link DURATION}. */
export function durationMs(text: string): number {
  const [, amount, unit] = /^([\d.]+)([a-z]+)$/.exec(text)!;
  return Math.round(Number(amount) * UNITS[unit!]!);
}
