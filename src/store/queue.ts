import type { QueueEntry } from "./entry.ts";
import type { Durability } from "./guards.ts";

/** What became of an entry: its row, new or the one its key already had. */
export interface Enqueued {
  seq: number;
  /** The key is in the queue, among the dead letters, or was acknowledged within the window. Nothing was written. */
  duplicate: boolean;
}

/** A row as it was handed out. */
export interface QueueRow extends QueueEntry {
  readonly partition: string;
  readonly seq: number;
  /** This try, from 1. With `seq` it names the lease. */
  readonly attempt: number;
  readonly enqueuedMs: number;
  /** It was in the file when the file was opened. */
  readonly backlog: boolean;
  /** Of a row that is looked at: its checksum does not match. It is never handed out. */
  readonly damaged?: true;
}

/** Names a lease; without `attempt` whoever holds the row is not asked. */
export interface LeaseRef {
  seq: number;
  attempt?: number | undefined;
}

/**
 * `dead`: that was the last attempt, the row is a dead letter now. `lost`: the lease ran out or another one has the
 * row. `missing`: no such row waits or is leased.
 */
export type Settled = "done" | "dead" | "lost" | "missing";

export interface Failure extends LeaseRef {
  reason: string;
  stack?: string | undefined;
  /** Node that could not process it, for the dead letter. */
  node?: string | undefined;
  /** Input port of that node. */
  port?: string | undefined;
  /** How long the row stays away before its next try. */
  delayMs: number;
  /** False: the attempt is not counted, the outside was away and nothing is wrong with the packet. */
  counted?: boolean;
  /** True: set aside at once, another try cannot help. */
  permanent?: boolean;
  /** In an ordered queue a row that comes again takes along what was leased behind it, but not these. */
  beside?: readonly number[];
}

export interface LeaseRequest {
  count: number;
  holder: string;
  /** Infinity: until settled or reopened. */
  leaseMs: number;
  /** Bytes of payload and meta after which no further row is taken. */
  maxBytes?: number;
  /** Of `count`, at most so many rows of the backlog. */
  backlog?: number;
  /** New rows before the backlog. */
  liveFirst?: boolean;
  /** Resolves only when there is at least one row, or the queue closes, or `signal` aborts ([]). */
  wait?: boolean;
  signal?: AbortSignal;
}

export interface DeadEntry extends QueueEntry {
  readonly node: string;
  readonly port: string;
  readonly error: string;
  readonly stack: string;
  readonly attempts: number;
  readonly firstFailedMs: number;
  readonly lastFailedMs: number;
}

export interface DeadRow extends DeadEntry {
  readonly seq: number;
  readonly enqueuedMs: number;
  /** Its checksum does not match. */
  readonly damaged?: true;
}

/** The last the queue told, no waiting: for metrics and health. Never older than the last call that resolved. */
export interface QueueStats {
  ready: number;
  leased: number;
  dead: number;
  /** Payload and meta of the rows that wait or are leased. */
  bytes: number;
  fileBytes: number;
  walBytes: number;
  /** When the oldest unsettled row was enqueued, wall clock; undefined when empty. */
  oldestMs: number | undefined;
  /** Rows the file lost behind our back (high-water file against the last seq), ever. */
  tailLost: number;
  /** Rows whose checksum did not match, set aside, ever. */
  damaged: number;
  droppedOldest: number;
  expired: number;
  deadDropped: number;
  /** Why it takes nothing at the moment: "max_bytes", "min_free", "disk", "wal", or undefined. */
  full: string | undefined;
  /** Writes failed three times in a row; back to false with the first that succeeds. */
  degraded: boolean;
  /** Commits, rows and time in them, for p50 of the group commit. */
  commits: number;
  committedRows: number;
}

/** A durable queue. Every implementation passes `test/conformance/queue.ts`. */
export interface Queue {
  readonly file: string;
  /**
   * Writes the entries in order, each once per key. One call, one place in the order. Rejects with QUEUE_FULL (nothing
   * written) or QUEUE_UNWRITABLE (ask again: the keys make that safe). Resolves after the commit is on the disk. Many
   * calls share one commit.
   *
   * With `follows` it is refused, as QUEUE_UNWRITABLE, when the enqueue asked for just before was: so calls can overlap
   * and the rows are in order, also when one of them has to be repeated.
   */
  enqueue(entries: readonly QueueEntry[], options?: { follows?: boolean }): Promise<Enqueued[]>;
  /**
   * Hands out rows, oldest first. The attempt is counted on the disk before this resolves. Rows that are damaged or
   * out of attempts become dead letters instead.
   */
  lease(request: LeaseRequest): Promise<QueueRow[]>;
  /** Removes rows that are done, and remembers their keys for the window. */
  ack(leases: readonly LeaseRef[]): Promise<Settled[]>;
  /**
   * Gives rows back to be tried again, or sets them aside after the last attempt. In an ordered queue a failed row
   * blocks its partition for its delay; later leased rows of that partition are thereby released, uncounted (their
   * leases are lost).
   */
  nack(failures: readonly Failure[]): Promise<Settled[]>;
  /** Gives back rows that were leased and never tried: the attempt is not counted. */
  release(leases: readonly LeaseRef[]): Promise<Settled[]>;
  /**
   * These rows were processed, and their acks come later: should the process end, it was not because of them. They stay
   * leased, count no try then, and hold no other row back. Those that are not leased are passed over.
   */
  clear(leases: readonly LeaseRef[]): Promise<void>;
  /** Writes dead letters that were never rows here; one that is here already is told again, not twice. */
  setAside(letters: readonly DeadEntry[]): Promise<void>;
  /**
   * Dead letters back to the end of the line, attempts 0; their keys stay. With `partition` they belong there from now
   * on, each under a key that no other row has. Gives how many were found.
   */
  revive(seqs: readonly number[], partition?: string): Promise<number>;
  /** Removes rows for good: `dead` or waiting ones (a leased one is not touched). */
  purge(which: "ready" | "dead", seqs: readonly number[]): Promise<number>;
  /** The oldest rows that are not settled, leased or not, behind `afterSeq`. */
  scan(afterSeq: number, count: number): Promise<QueueRow[]>;
  /** Dead letters behind `afterSeq`, oldest first. */
  dead(afterSeq: number, count: number): Promise<DeadRow[]>;
  /** What is wrong with the rows; empty when every count and checksum is right. */
  verify(): Promise<string[]>;
  /** Calls back at every change of `full` or `degraded`, when room is there again, and when the last row has left. */
  onChange(listener: (stats: QueueStats) => void): () => void;
  stats(): QueueStats;
  /** What was asked for before is done before this resolves. */
  close(): Promise<void>;
}

export interface QueueOptions {
  /** Tries before a row is set aside. */
  maxAttempts: number;
  /** Longest delay that is asked for; a later due-time in the file, from a clock that was ahead, is cut to it. */
  maxDelayMs: number;
  /** How long the key of an acknowledged row is known. */
  rememberMs: number;
  durability: Durability;
  /** Rows of one partition come in order, one failed row holds its partition back. */
  ordered: boolean;
  maxBytes: number;
  /** Rows that waited longer become dead letters. */
  maxAgeMs: number | undefined;
  minFreeBytes: number;
  ballastBytes: number;
  /** `--dangerously-allow-network-disk`: also where locks and fsync do not hold what a queue promises. */
  allowNetworkDisk: boolean;
  /** `refuse` rejects with QUEUE_FULL; `drop_oldest` evicts rows that wait, counted. */
  overflow: "refuse" | "drop_oldest";
  /** Dead letters kept; beyond it the oldest go, counted. */
  maxDead: number;
  maxDeadBytes: number;
}
