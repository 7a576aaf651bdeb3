import type { QueueOptions } from "./queue.ts";

/** Why 5 tries: with backoff an outage of some seconds passes, and a row that cannot work is out of the way soon. */
export const MAX_ATTEMPTS = 5;
/** An hour covers the repeats of a producer that restarts or reconnects. */
export const REMEMBER_MS = 3_600_000;
/** Keys remembered at most, about 100 MB of file; beyond it the oldest go first. */
export const MAX_REMEMBERED = 1_000_000;
/** Longest wait between two tries. */
export const MAX_DELAY_MS = 300_000;

/** Characters of an error and of a stack that are kept: more tells nothing new, and ten thousand letters have them. */
export const MAX_ERROR = 8_192;

const MIB = 1024 * 1024;

/** What a queue is opened with where nothing else is asked for. */
export const QUEUE_DEFAULTS: QueueOptions = {
  maxAttempts: MAX_ATTEMPTS,
  maxDelayMs: MAX_DELAY_MS,
  rememberMs: REMEMBER_MS,
  durability: "full",
  ordered: false,
  // Half of the small disk of an edge box.
  maxBytes: 4_096 * MIB,
  maxAgeMs: undefined,
  // Room for the system's own logs, and for what SQLite writes to take rows out again.
  minFreeBytes: 64 * MIB,
  ballastBytes: 4 * MIB,
  allowNetworkDisk: false,
  overflow: "refuse",
  // A person looks through some thousand; more tell nothing new.
  maxDead: 10_000,
  maxDeadBytes: 256 * MIB,
};
