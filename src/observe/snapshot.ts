import type { EdgeCounters, NodeCounters } from "./counters.ts";
import type { DeadLetter } from "./dead_letters.ts";
import type { Histogram } from "./histogram.ts";

export type RunState = "starting" | "running" | "draining" | "stopped";

/** `degraded`: finished or going on, but a packet was set aside or a source gave up. */
export type RunStatus = "ok" | "degraded" | "error";

/** Why a run ended. A throttle policy brings its own name. */
export type StopReason = "end_of_input" | "max_packets" | "max_seconds" | "signal" | "error" | (string & {});

export interface InboxSnapshot {
  port: string;
  depth: number;
  bytes: number;
  /** Packets. */
  capacity: number;
  /** Most packets ever held. */
  peak: number;
}

export interface NodeSnapshot {
  id: string;
  plugin: string;
  kind: string;
  isSource: boolean;
  isSink: boolean;
  counters: Readonly<NodeCounters>;
  /** The node's own `metrics()`; counters end in `_total`. */
  own: Readonly<Record<string, number>>;
  inboxes: readonly InboxSnapshot[];
  /** Packets taken and not yet done. */
  inFlight: number;
  /** Set while its calls leave no room for another packet: how long that has been so, at least. */
  busyMs?: number;
  /** Set when it has a delivery policy: true while the outside is away, and only probes go out. */
  circuitOpen?: boolean;
  lastError?: { message: string; atMs: number };
}

/** A durable edge: what went over it in this run, and what its queue holds. */
export interface DurableSnapshot {
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
  /** Rows that wait, are under way, and are dead letters. */
  ready: number;
  leased: number;
  dead: number;
  /** Payload and meta of the rows that wait or are under way. */
  bytes: number;
  fileBytes: number;
  walBytes: number;
  /** When the oldest row was taken in, wall clock; undefined when the queue is empty. */
  oldestMs: number | undefined;
  /** Rows that the file lost and that were noticed, ever. */
  tailLost: number;
  /** Rows whose checksum did not match, ever. */
  damaged: number;
  /** Rows that waited longer than `max_age`, ever. */
  expired: number;
  /** Commits and the rows they carried: the size of a group commit is their ratio. */
  commits: number;
  committedRows: number;
  /** Why it takes nothing now; undefined when it does. */
  full: string | undefined;
  /** Its writes fail. */
  degraded: boolean;
}

export interface EdgeSnapshot {
  /** Node ids. */
  from: string;
  fromPort: string;
  to: string;
  toPort: string;
  counters: Readonly<EdgeCounters>;
  /** Packets in the inbox this edge leads to; edges that share an inbox show the same number. */
  depth: number;
  /** Set for a durable edge; `depth` is then what its queue holds. */
  durable?: DurableSnapshot;
}

/** What became of `schnitzel run --record`. */
export interface RecordingSnapshot {
  file: string;
  /** In it so far. */
  packets: number;
  bytes: number;
  /** Packets that are not in it: it had ended, or could not hold them. */
  unrecorded: number;
  /** Packets in which a secret was hidden. */
  hidden: number;
  /** Payload references whose bytes could not be had. */
  unreferred: number;
  /** Why it took no more; null while it does. */
  ended: string | null;
}

/** State of nodes that outlives the run. */
export interface CheckpointSnapshot {
  taken: number;
  /** Written in all; what has not changed is not written again. */
  writtenBytes: number;
  /** Of the states of the last one, and of its file. */
  stateBytes: number;
  fileBytes: number;
  /** Sources stood still for so long. */
  pauseMs: Histogram;
  /** Until it was on the disk. */
  durationMs: Histogram;
  intervalMs: number;
  /** How old the last one is; 0 while it has everything. */
  ageMs: number;
  /** Those that were not taken, by reason and the node that was in the way. */
  skipped: readonly { reason: string; node: string; count: number }[];
  /** Why there is none for long; undefined when there is. */
  trouble: string | undefined;
  /** States found at the start that were given back, and those that were not. */
  restored: number;
  dropped: readonly { part: string; reason: string }[];
}

/** What was done with one cell of the blackboard. */
export interface CellSnapshot {
  name: string;
  writes: number;
  /** Writes of another type, or too large. */
  refused: number;
  /** Values whose time to live was over. */
  expired: number;
  /** Of the value that was written last, as JSON; 0 while there is none. */
  bytes: number;
}

/** Everything the engine tells about a run, at any time. Counters are the live ones: read, never keep. */
export interface RunSnapshot {
  graph: { name: string; path: string; hash: string; profile?: string | undefined };
  status: RunStatus;
  state: RunState;
  /** Set once the run is stopping. */
  stopReason?: StopReason;
  /** What failed the run; set with status `error`. */
  failure?: string;
  seed: number;
  /** Wall clock, milliseconds since 1970. */
  startedAtMs: number;
  uptimeMs: number;
  nodes: readonly NodeSnapshot[];
  edges: readonly EdgeSnapshot[];
  deadLetters: { total: number; recent: readonly DeadLetter[] };
  /** Files of the blob store, and the room they take; undefined when the run has none. */
  blobs?: { files: number; bytes: number };
  /** Set when the run is recorded. */
  recording?: RecordingSnapshot;
  /** Undefined when no state is kept. */
  checkpoints?: CheckpointSnapshot;
  /** Left out when the graph has none. */
  cells?: readonly CellSnapshot[];
  /** Left out before the first. */
  reloads?: ReloadsSnapshot;
  loop: { turns: number; lastTurnMonotonicMs: number; maxTurnMs: number };
  /** When a packet last moved: emitted, taken or finished. */
  lastProgressMonotonicMs: number;
}

/** The reloads of a run. */
export interface ReloadsSnapshot {
  /** Graphs that took the place of another. */
  generation: number;
  /** How many ended how. */
  outcomes: Readonly<Record<string, number>>;
  last: { outcome: string; reason?: string | undefined };
  /** How long sources stood still for the last that succeeded. */
  pauseMs: number | undefined;
}
