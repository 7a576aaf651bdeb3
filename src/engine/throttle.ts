import type { Timers } from "./timers.ts";

/** Decides how many packets the sources may still send. Asked again when the grant is used up. */
export interface ThrottlePolicy {
  /** Becomes the run's stop reason when it refuses. */
  readonly name: string;
  /** Packets that may be pulled before the next question; 0 ends the run. */
  grant(emitted: number, elapsedMs: number): number;
  /** Milliseconds from the start after which the run ends even when nothing is pulled. */
  readonly limitMs?: number;
}

/** A fixed number of packets over all sources. */
export function packetBudget(packets: number): ThrottlePolicy {
  return { name: "max_packets", grant: (emitted) => Math.max(0, packets - emitted) };
}

/** A fixed time from the start of the run. */
export function timeBudget(seconds: number): ThrottlePolicy {
  const limitMs = seconds * 1_000;
  // 256 packets between two looks at the clock: under a millisecond at full speed.
  return { name: "max_seconds", limitMs, grant: (_, elapsedMs) => (elapsedMs < limitMs ? 256 : 0) };
}

/** `onOver` hears the name of a policy when its time is over. */
export function limitTime(policies: readonly ThrottlePolicy[], timers: Timers, onOver: (name: string) => void) {
  for (const { name, limitMs } of policies) if (limitMs !== undefined) timers.after(limitMs, () => onOver(name));
}
