/** Cancels the timer it was returned for; a second call does nothing. */
export type Cancel = () => void;

/** Time as nodes and the engine see it. Tests pass a virtual one (`test/support/clock.ts`). */
export interface Clock {
  /** Wall clock, milliseconds since 1970-01-01T00:00:00Z. May jump; never use it for durations. */
  nowMs(): number;
  /** Monotonic milliseconds with a fraction, from an arbitrary origin. For durations, leases, backoff. */
  monotonicMs(): number;
  /** Calls `run` once after `delayMs`. The returned function cancels it. */
  setTimer(run: () => void, delayMs: number): Cancel;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(run, delayMs) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`, or at once when `signal` aborts (it never rejects: look at the signal). */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      cancel();
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const cancel = clock.setTimer(finish, delayMs);
    signal?.addEventListener("abort", finish, { once: true });
  });
}
