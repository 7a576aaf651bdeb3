import { fullJitterMs } from "../base/backoff.ts";
import type { Host } from "./host.ts";
import type { SourceRun } from "./source_run.ts";

/** Counts one more restart of `source` and says how long to wait for it; undefined when its policy allows none. */
export function nextRestartMs(source: SourceRun, { clock, random }: Host): number | undefined {
  const { max_restarts, window_sec, backoff_ms, backoff_max_ms } = source.plan.runtime.restart;
  const nowMs = clock.monotonicMs();
  const recent = source.restartsMs.filter((at) => nowMs - at < window_sec * 1_000);
  if (recent.length >= max_restarts) return undefined;
  source.restartsMs.splice(0, source.restartsMs.length, ...recent, nowMs);
  source.counters.restarts += 1;
  return fullJitterMs(random, recent.length, backoff_ms, backoff_max_ms);
}
