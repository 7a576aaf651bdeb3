import { Histogram } from "./histogram.ts";

/** Why a packet is given up on purpose. Every drop carries one of these. */
export const DROP_REASONS = {
  drop_newest: "the inbox was full and its overflow is drop_newest: the newcomer went",
  drop_oldest: "the inbox was full and its overflow is drop_oldest: the oldest packet went",
  weighted_drop: "the inbox was full and its overflow is weighted_drop: the lightest packet went",
  overflow_fail: "the inbox was full and its overflow is fail: the run ended",
  loop_full: "the inbox that closes a cycle was full, so the cycle makes more than it takes; a dead letter as well",
  hop_limit: "it went round a cycle as often as max_hops allows; a dead letter as well",
  loop_ended: "it was still going round a cycle some time after the input had ended",
  queue_full: "the queue of a durable edge was full and its overflow is drop_newest or drop_oldest",
  run_failed: "it was in an inbox when the run failed",
  on_error: "the node failed on it and its on_error is drop",
  drain_deadline: "it was still in flight when the time to drain was over",
  kept: "a node still kept it when the run ended",
} as const;

export type DropReason = keyof typeof DROP_REASONS;

/** Drops that an inbox made, in the order of `DROP_REASONS`. */
export const INBOX_REASONS: readonly DropReason[] = ["drop_newest", "drop_oldest", "weighted_drop", "overflow_fail"];

export type Drops = Map<DropReason, number>;

export function addDrops(drops: Drops, reason: DropReason, n = 1) {
  drops.set(reason, (drops.get(reason) ?? 0) + n);
}

export function totalDrops(drops: ReadonlyMap<DropReason, number>, reasons?: readonly DropReason[]): number {
  let total = 0;
  for (const [reason, n] of drops) if (reasons === undefined || reasons.includes(reason)) total += n;
  return total;
}

/** Counts of one node since the run began. Plain numbers: the engine adds to them on its hot path. */
export class NodeCounters {
  /** Packets taken from the inboxes. */
  consumed = 0;
  /** Packets emitted by a port with an edge, or by the first port, which the last node of a graph may have. */
  produced = 0;
  /** Packets emitted by another port without an edge. */
  unrouted = 0;
  /** Times the node threw or rejected, each attempt once. */
  errors = 0;
  /** Further attempts under `on_error: retry`. */
  retries = 0;
  /** Packets and input records set aside. */
  deadLetters = 0;
  /** Emits after `process` was over; refused. */
  lateEmits = 0;
  /** Restarts of a source. */
  restarts = 0;
  /** Packets that were lost at this node, in its inboxes or by its `on_error`. */
  readonly dropped: Drops = new Map();
}

/** Counts of one edge since the run began. */
export class EdgeCounters {
  /** Packets sent over it. */
  passed = 0;
  /** Packets of this edge among the receiving node's drops; an evicted one counts where it was known. */
  readonly dropped: Drops = new Map();
  /** Time from entering the inbox to being taken, milliseconds. */
  readonly waitMs = new Histogram();
}
