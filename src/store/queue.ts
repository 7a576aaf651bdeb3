import type { QueueEntry } from "./entry.ts";

/** What became of an entry: its row, new or the one its key already had. */
export interface Enqueued {
  seq: number;
  /** The key is in the queue, among the dead letters, or was acknowledged within the window. Nothing was written. */
  duplicate: boolean;
}

/** A row as it was handed out. */
export interface QueueRow extends QueueEntry {
  readonly seq: number;
  /** This try, from 1. With `seq` it names the lease. */
  readonly attempt: number;
  readonly enqueuedMs: number;
}

/** Names a lease; without `attempt` whoever holds the row is not asked. */
export interface LeaseRef {
  seq: number;
  attempt?: number | undefined;
}

/** `lost`: the lease ran out or another one has the row. `missing`: no such row waits or is leased. */
export type Settled = "done" | "lost" | "missing";

export interface Failure extends LeaseRef {
  reason: string;
  /** How long the row stays away before its next try. */
  delayMs: number;
}

export interface Depth {
  /** Rows that can be leased now or after their delay. */
  ready: number;
  leased: number;
  dead: number;
}

export interface DeadRow extends QueueRow {
  readonly error: string;
  readonly firstFailedMs: number;
  readonly lastFailedMs: number;
}

/**
 * A durable, ordered queue. Every implementation passes `test/conformance/queue.ts`.
 *
 * Calls are synchronous. A call is one transaction: when it returns, all of it is on the disk, and when it throws,
 * none of it is. So a batch costs one wait for the disk.
 */
export interface Queue {
  /** Writes the entries in order, each once per key. Sequence numbers rise by one, without a gap. */
  enqueue(entries: readonly QueueEntry[]): Enqueued[];
  /**
   * Hands out up to `count` rows, oldest first, for `leaseMs` (Infinity: until settled or reopened). The attempt is
   * counted on the disk before this returns. Rows that are damaged or out of attempts become dead letters instead.
   */
  lease(count: number, holder: string, leaseMs: number): QueueRow[];
  /** Removes rows that are done, and remembers their keys for the window. */
  ack(leases: readonly LeaseRef[]): Settled[];
  /** Gives rows back to be tried again, or sets them aside after the last attempt. */
  nack(failures: readonly Failure[]): Settled[];
  /** Gives back rows that were leased and never tried: the attempt is not counted. */
  release(leases: readonly LeaseRef[]): Settled[];
  depth(): Depth;
  /** The oldest rows that are not settled, leased or not, behind `afterSeq`. */
  scan(afterSeq: number, count: number): QueueRow[];
  /** Dead letters behind `afterSeq`, oldest first. */
  dead(afterSeq: number, count: number): DeadRow[];
  /** What is wrong with the rows; empty when every count and checksum is right. */
  verify(): string[];
  close(): void;
}

export interface QueueOptions {
  /** Tries before a row is set aside. */
  maxAttempts: number;
  /** How long the key of an acknowledged row is known. */
  rememberMs: number;
}

/** Why 5 tries: with backoff an outage of some seconds passes, and a row that cannot work is out of the way soon. */
export const MAX_ATTEMPTS = 5;
/** An hour covers the repeats of a producer that restarts or reconnects. */
export const REMEMBER_MS = 3_600_000;
/** Keys remembered at most, about 100 MB of file; beyond it the oldest go first. */
export const MAX_REMEMBERED = 1_000_000;
/** Longest wait between two tries; a later time found in a file, from a clock that was ahead, is cut to it. */
export const MAX_DELAY_MS = 300_000;
