import type { DurableOptions, PlanEdge } from "../../graph/plan.ts";
import type { Spill } from "../../node/index.ts";
import { EdgeCounters } from "../../observe/index.ts";
import type { Queue, QueueRow } from "../../store/index.ts";

/** What the two ends of a durable edge share. */
export interface Link {
  /** Index of the edge in the plan; negative for what no edge of the plan is. */
  index: number;
  readonly options: DurableOptions;
  /** `yard.out->alarms.in`, for messages, files and the report. */
  readonly name: string;
  readonly queue: Queue;
  /** Rows of one call; undefined: as usual. */
  readonly callRows?: number | undefined;
  /** With `payload_ref`: keeps what is too large for a row in files. */
  readonly spill?: Spill | undefined;
  /** Says why the graph cannot take a row; such a row is a dead letter again. */
  refuse?: ((row: QueueRow) => string | undefined) | undefined;
  readonly counts: LinkCounts;
  /** As of any edge; the time waited is from the first commit to being handed out. */
  readonly counters: EdgeCounters;
}

/**
 * What a checkpoint calls its queue: the file where the graph names that, as a node put in before the edge gives the edge
 * another name, and rows that are in the state must not come again out of the same file.
 */
export const keptName = ({ name, options }: Pick<Link, "name" | "options">): string => options.path ?? name;

/** What went over a durable edge in this run. */
export interface LinkCounts {
  /** Rows written. */
  enqueued: number;
  /** Packets whose key was known; nothing was written. */
  duplicates: number;
  /** Packets handed to the node behind the edge, repeats included. */
  delivered: number;
  /** Of these, rows that had been handed out before. */
  redelivered: number;
  acked: number;
  nacked: number;
}

/** A link on which nothing has happened yet. */
export function newLink(fixed: Omit<Link, "counts" | "counters">): Link {
  return { ...fixed, counts: newCounts(), counters: new EdgeCounters() };
}

const newCounts = (): LinkCounts => ({
  enqueued: 0,
  duplicates: 0,
  delivered: 0,
  redelivered: 0,
  acked: 0,
  nacked: 0,
});

/** The name of an edge wherever a person meets it. */
export function linkName({ nodes }: { nodes: readonly { id: string }[] }, edge: PlanEdge): string {
  return `${nodes[edge.from]!.id}.${edge.fromPort}->${nodes[edge.to]!.id}.${edge.toPort}`;
}
