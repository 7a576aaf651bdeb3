import { sleep } from "../base/clock.ts";
import type { NodeContext } from "../node/index.ts";

/**
 * Lets pictures pass at the speed of their own times. Each is due at the first one's moment plus its distance from
 * it, so the speed does not drift; a source that was held back catches up.
 */
export function realTime(
  clock: NodeContext["clock"],
  signal: AbortSignal,
): (posMs: number) => Promise<void> | undefined {
  let firstMs: number | undefined;
  return (posMs) => {
    const nowMs = clock.monotonicMs();
    firstMs ??= nowMs - posMs;
    const waitMs = firstMs + posMs - nowMs;
    return waitMs > 0 ? sleep(clock, waitMs, signal) : undefined;
  };
}
