import type { DurableOptions } from "../graph/index.ts";
import type { QueueOptions } from "../store/index.ts";

/** What the queue of a durable edge is opened with. */
export function limitsOf(durable: DurableOptions): Partial<QueueOptions> {
  return {
    durability: durable.durability,
    ordered: durable.ordered,
    maxAttempts: durable.max_attempts,
    maxDelayMs: durable.backoff_max_ms,
    rememberMs: durable.remember_ms,
    maxBytes: durable.max_bytes,
    maxAgeMs: durable.max_age_ms,
    minFreeBytes: durable.min_free,
    overflow: durable.overflow === "drop_oldest" ? "drop_oldest" : "refuse",
  };
}
