import type { Clock } from "../base/clock.ts";

/**
 * Time for leases and delays, whole milliseconds: the wall clock when the file was opened, monotonic from there on.
 *
 * So a clock that is set during a run moves nothing, and times in a file still compare after a restart. What lies
 * too far ahead then, because the wall clock was ahead before, is cut when the file is opened.
 */
export function queueClock(clock: Clock): () => number {
  const originMs = clock.nowMs() - clock.monotonicMs();
  return () => Math.floor(originMs + clock.monotonicMs());
}
