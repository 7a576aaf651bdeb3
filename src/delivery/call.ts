import type { Emit, PacketOutcome } from "../node/index.ts";
import type { StreamPacket } from "../packet/index.ts";

/** One call of `process` by the engine: a packet on its way outside, through as many tries as it takes. */
export interface Call {
  readonly packet: StreamPacket;
  readonly emit: Emit;
  readonly input: string;
  /** Who waits for the packet. */
  readonly awaited: PacketOutcome | undefined;
  /** Calls in the order they came. */
  readonly seq: number;
  /** When it came, monotonic. */
  readonly sinceMs: number;
  /** Tries begun. */
  tries: number;
  /** Tries that failed by the packet's own fault, as far as that can be told. */
  attempts: number;
  /** While it waits: no further try before this, monotonic. */
  dueMs: number;
  /** What the last try failed with. */
  lastError: Error | undefined;
  outcome: Outcome | undefined;
  /** Hears the outcome, once the engine waits for it. */
  settled: (outcome: Outcome) => void;
}

/** How a call ended. */
export type Outcome = { ok: true } | { ok: false; error: unknown };

export const DELIVERED: Outcome = Object.freeze({ ok: true });

/** Hears outcomes of calls that the engine does not wait for yet. */
export const NOBODY_WAITS = () => {};

/** Ends a call, once. */
export function settle(call: Call, outcome: Outcome) {
  if (call.outcome !== undefined) return;
  call.outcome = outcome;
  call.settled(outcome);
}
