import type { QueueEntry } from "./entry.ts";
import type {
  DeadEntry,
  DeadRow,
  Enqueued,
  Failure,
  LeaseRef,
  LeaseRequest,
  QueueOptions,
  QueueRow,
  Settled,
} from "./queue.ts";

/** What a queue is asked for, as data: it may cross a thread, and many of them are one transaction. */
export type Operation =
  /** With `after` it is refused unless the call of that number is the last enqueue that was done. */
  | { op: "enqueue"; entries: readonly QueueEntry[]; after?: number | undefined }
  | { op: "lease"; request: Omit<LeaseRequest, "signal"> }
  | { op: "ack" | "release" | "clear"; leases: readonly LeaseRef[] }
  | { op: "nack"; failures: readonly Failure[] }
  | { op: "set_aside"; letters: readonly DeadEntry[] }
  | { op: "revive"; seqs: readonly number[]; partition?: string | undefined }
  | { op: "purge"; which: "ready" | "dead"; seqs: readonly number[] }
  | { op: "scan" | "dead"; afterSeq: number; count: number }
  | { op: "verify" }
  /** Ends a lease that waits for rows; the answer is that of the lease, []. */
  | { op: "abort"; id: number }
  /** Changes bounds; those left out stay. */
  | { op: "limit"; options: Partial<QueueOptions> }
  /** Time has passed: something may be due. */
  | { op: "tick" };

/** What the operations resolve with. */
export interface Results {
  enqueue: Enqueued[];
  lease: QueueRow[];
  ack: Settled[];
  release: Settled[];
  clear: undefined;
  nack: Settled[];
  set_aside: undefined;
  revive: number;
  purge: number;
  scan: QueueRow[];
  dead: DeadRow[];
  verify: string[];
  abort: undefined;
  limit: undefined;
  tick: undefined;
}

export type OperationName = keyof Results;

/** An operation with the number its answer will have. */
export interface Asked {
  id: number;
  operation: Operation;
}

export type Answer =
  | { id: number; name: OperationName; value: Results[OperationName] }
  | { id: number; name: "error"; error: unknown };

/** Rows an operation moves: how much of a transaction it is. */
export function weightOf(operation: Operation): number {
  if ("entries" in operation) return operation.entries.length;
  if ("leases" in operation) return operation.leases.length;
  if ("failures" in operation) return operation.failures.length;
  if ("letters" in operation) return operation.letters.length;
  return "seqs" in operation ? operation.seqs.length : 1;
}

/** A row that is leased and taken back in one round, because one before it failed, would be out all the same. */
export function leasesLast(asked: readonly Asked[]): readonly Asked[] {
  const late = ({ operation }: Asked) => Number(operation.op === "lease");
  return asked.length > 1 ? asked.toSorted((a, b) => late(a) - late(b)) : asked;
}

/** Whose leases cross the thread packed. */
export const namesLeases = (
  operation: Operation,
): operation is Extract<Operation, { op: "ack" | "release" | "clear" }> => "leases" in operation;

/** Rows that are out may wait again after it. */
export const givesBack = ({ operation: { op } }: Asked) => op === "nack" || op === "release";
