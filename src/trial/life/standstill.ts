import type { Clock } from "../../base/clock.ts";

/** A person sees a graph that does nothing, and stops it. Ten minutes are longer than any delivery waits by default. */
const PATIENCE_MS = 600_000;
const LOOK_MS = 60_000;

/**
 * Calls `stop` when `done` has not changed for a while that `hopeless` was true for all of. Where a disk stays full a
 * durable edge asks for room for ever, as it should, and a test of it would never end.
 */
export function watchStandstill(
  clock: Clock,
  { done, hopeless, stop }: { done(): number; hopeless(): boolean; stop(): void },
) {
  let seen = done();
  let sinceMs = clock.monotonicMs();
  const look = () => {
    const now = done();
    if (now !== seen || !hopeless()) [seen, sinceMs] = [now, clock.monotonicMs()];
    if (clock.monotonicMs() - sinceMs >= PATIENCE_MS) stop();
    else clock.setTimer(look, LOOK_MS);
  };
  clock.setTimer(look, LOOK_MS);
}
