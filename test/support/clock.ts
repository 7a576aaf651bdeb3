import type { Cancel, Clock } from "../../src/base/clock.ts";

/** A clock that stands still until a test moves it. */
export interface VirtualClock extends Clock {
  /** Moves time and runs the timers that fall due, in order. */
  advance(ms: number): void;
  /** Timers that have neither run nor been cancelled. */
  readonly pending: number;
  /** Milliseconds until the next of them falls due; undefined when there is none. */
  readonly nextInMs: number | undefined;
}

export function virtualClock(startMs = Date.UTC(2026, 0, 1)): VirtualClock {
  let passedMs = 0;
  let nextId = 0;
  const timers = new Map<number, { dueMs: number; run: () => void }>();
  const due = (limitMs: number) =>
    [...timers].filter(([, timer]) => timer.dueMs <= limitMs).sort((a, b) => a[1].dueMs - b[1].dueMs || a[0] - b[0])[0];
  return {
    nowMs: () => startMs + Math.floor(passedMs),
    monotonicMs: () => passedMs,
    setTimer(run, delayMs): Cancel {
      const id = nextId++;
      timers.set(id, { dueMs: passedMs + Math.max(0, delayMs), run });
      return () => void timers.delete(id);
    },
    advance(ms) {
      const limitMs = passedMs + ms;
      for (let next = due(limitMs); next; next = due(limitMs)) {
        passedMs = next[1].dueMs;
        timers.delete(next[0]);
        next[1].run();
      }
      passedMs = limitMs;
    },
    get nextInMs() {
      const next = due(Number.POSITIVE_INFINITY);
      return next === undefined ? undefined : next[1].dueMs - passedMs;
    },
    get pending() {
      return timers.size;
    },
  };
}
