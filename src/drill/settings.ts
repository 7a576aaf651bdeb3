import type { Clock } from "../base/clock.ts";
import type { Fault } from "./fault.ts";
import type { Machine } from "./machine.ts";
import type { Target } from "./target.ts";

/** What a drill does, with the defaults filled in. */
export interface DrillOptions {
  readonly target: Target;
  readonly faults: readonly Fault[];
  readonly kills: number;
  readonly cuts: number;
  /** Acknowledged packets per fault; posting goes on until there are as many. */
  readonly packets: number;
  /** Longest time of one fault, without the draining after it. */
  readonly seconds: number;
  /** Longest wait, after posting has ended, for what is still on its way. */
  readonly settleMs: number;
  readonly seed: number;
  /** Where logs and state directories are left; undefined: nowhere. */
  readonly keep: string | undefined;
  readonly load: { readonly partitions: number; readonly fillerBytes: number; readonly pauseMs: number };
  /** Program and first arguments that start schnitzel. */
  readonly program: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly machine: Machine;
  readonly clock: Clock;
  /** Ends the drill early, cleaned up. */
  readonly signal: AbortSignal;
  /** One line about what happens now. */
  progress(text: string): void;
}

/**
 * Kills, cuts and packets as many as CI must do: reliability is a rate, and fewer say little about it. Settling takes
 * as long as a backlog of 30,000 packets at 500 a second.
 */
export const DEFAULTS = { kills: 100, cuts: 30, packets: 30_000, seconds: 180, settleMs: 60_000 } as const;

/**
 * 32 posters that each wait for their answer keep some dozens of packets in every commit, and are no more than a
 * site's webhooks; 200 bytes is a reading with its names.
 */
export const DEFAULT_LOAD = { partitions: 32, fillerBytes: 200, pauseMs: 0 } as const;
