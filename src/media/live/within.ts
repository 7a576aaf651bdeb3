import type { Clock } from "../../base/clock.ts";

export const LATE = Symbol("late");
export const ABORTED = Symbol("aborted");

/** What `promise` gives, or {@link LATE} after `limitMs`, or {@link ABORTED}. A loser's rejection is nobody's business. */
export async function within<Value>(
  clock: Clock,
  limitMs: number,
  signal: AbortSignal,
  promise: Promise<Value>,
): Promise<Value | typeof LATE | typeof ABORTED> {
  promise.catch(() => {});
  if (signal.aborted) return ABORTED;
  const { promise: other, resolve } = Promise.withResolvers<typeof LATE | typeof ABORTED>();
  const abort = () => resolve(ABORTED);
  const cancel = clock.setTimer(() => resolve(LATE), limitMs);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, other]);
  } finally {
    cancel();
    signal.removeEventListener("abort", abort);
  }
}
