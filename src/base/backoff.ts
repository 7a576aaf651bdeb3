import type { Random } from "./random.ts";

/**
 * Full-jitter exponential backoff: uniform in [0, min(cap, base · 2^attempt)), `attempt` from 0.
 * Source: AWS Architecture Blog, "Exponential Backoff And Jitter" (2015).
 */
export function fullJitterMs(random: Random, attempt: number, baseMs: number, capMs: number): number {
  return random.float() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 52));
}
