import type { Cancel, Clock } from "./clock.ts";

/** A clock that stands still until somebody moves it. */
export interface VirtualClock extends Clock {
  /** Moves time and runs the timers that fall due, in order. */
  advance(ms: number): void;
  /** Moves time to the next timer, exactly, and runs all of that time. False when there is none. */
  leap(): boolean;
  /** Sets the wall clock forward or back; monotonic time and the timers do not notice. */
  jump(ms: number): void;
  /** Timers that have neither run nor been cancelled. */
  readonly pending: number;
  /** Milliseconds until the next of them falls due; undefined when there is none. */
  readonly nextInMs: number | undefined;
}

interface Timer {
  readonly id: number;
  readonly dueMs: number;
  run(): void;
}

/** Timers of one time run in the order they were set in. */
export function virtualClock(startMs = Date.UTC(2026, 0, 1)): VirtualClock {
  let passedMs = 0;
  let wallMs = startMs;
  let nextId = 0;
  const timers = new Map<number, Timer>();
  // A run has few timers at a time, so a look at each is cheaper than keeping them in order.
  const first = () => {
    let found: Timer | undefined;
    for (const timer of timers.values()) {
      if (found === undefined || timer.dueMs < found.dueMs) found = timer;
    }
    return found;
  };
  const runUntil = (limitMs: number) => {
    for (let next = first(); next !== undefined && next.dueMs <= limitMs; next = first()) {
      passedMs = Math.max(passedMs, next.dueMs);
      timers.delete(next.id);
      next.run();
    }
    passedMs = limitMs;
  };
  return {
    nowMs: () => wallMs + Math.floor(passedMs),
    monotonicMs: () => passedMs,
    setTimer(run, delayMs): Cancel {
      const id = nextId++;
      timers.set(id, { id, dueMs: passedMs + Math.max(0, delayMs), run });
      return () => void timers.delete(id);
    },
    advance: (ms) => runUntil(passedMs + ms),
    leap() {
      const next = first();
      if (next !== undefined) runUntil(Math.max(passedMs, next.dueMs));
      return next !== undefined;
    },
    jump(ms) {
      wallMs += ms;
    },
    get nextInMs() {
      const next = first();
      return next && Math.max(0, next.dueMs - passedMs);
    },
    get pending() {
      return timers.size;
    },
  };
}

/** Time that leaps to the next timer as soon as nothing else is to do: for what runs alone, such as an example of a node. */
export function leapingClock(startMs?: number): Clock {
  const clock = virtualClock(startMs);
  return {
    nowMs: clock.nowMs,
    monotonicMs: clock.monotonicMs,
    setTimer(run, delayMs) {
      const cancel = clock.setTimer(run, delayMs);
      setImmediate(clock.leap);
      return cancel;
    },
  };
}
