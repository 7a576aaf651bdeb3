import { type DropReason, INBOX_REASONS, totalDrops } from "./counters.ts";
import type { DeadLetter } from "./dead_letters.ts";
import type { Histogram } from "./histogram.ts";
import type { Redactor } from "./redact.ts";
import { type ReloadLine, reloadLine } from "./reload_line.ts";
import type {
  CheckpointSnapshot,
  DurableSnapshot,
  EdgeSnapshot,
  NodeSnapshot,
  RecordingSnapshot,
  RunSnapshot,
  RunStatus,
  StopReason,
} from "./snapshot.ts";

/** Rises when a key below changes its meaning or goes; new keys do not raise it. */
const SCHEMA_VERSION = 1;
/** The report is one line that a person may read: enough letters to see what is wrong. */
const SHOWN_LETTERS = 20;

/**
 * The run report. `ts`, `status`, `engine`, `graph_version`, `graph` and `metrics` are the
 * predecessor's contract and mean what they meant there; everything else is ours.
 */
export interface RunReport {
  /** When the report was made, ISO-8601 UTC. */
  ts: string;
  status: RunStatus;
  engine: "inproc";
  graph_version: 2;
  /** Path as the user gave it. */
  graph: string;
  /** Whole numbers only; `node_metrics` has what nodes count themselves without rounding. */
  metrics: Record<string, number>;
  schema_version: number;
  name: string;
  /** sha256 of the graph's text. */
  graph_hash: string;
  /** What it runs with; null: none. */
  profile: string | null;
  state: RunSnapshot["state"];
  /** Null while running. */
  stop_reason: StopReason | null;
  /** What failed the run; null unless status is `error`. */
  error: string | null;
  seed: number;
  started_at: string;
  duration_ms: number;
  sources: { node: string; emitted: number; restarts: number; dead_letters: number }[];
  /** Waits are from entering the inbox to being taken; null until a packet passed. */
  edges: {
    from: string;
    to: string;
    passed: number;
    dropped: Record<string, number>;
    wait_ms: { p50: number; p99: number; max: number } | null;
    /** Of a durable edge: its queue, and what went through it. Left out for the others. */
    durable?: Record<string, number | string | boolean | null>;
  }[];
  /** Most packets each inbox ever held, and how many it may hold. */
  inboxes: { node: string; port: string; peak: number; capacity: number }[];
  drops: { node: string; reason: DropReason; packets: number }[];
  /** Packets emitted by a call that was over already; they went nowhere. */
  late_emits: { node: string; packets: number }[];
  errors: { node: string; count: number; last_message: string | null; last_at: string | null }[];
  /** Files of the blob store, and the room they take. Left out when the run has none. */
  blobs?: { files: number; bytes: number };
  /** What became of `--record`. Left out without it. */
  recording?: RecordingSnapshot;
  reloads?: ReloadLine;
  /** State that outlives the run; pauses and durations in milliseconds. Left out when none is kept. */
  checkpoints?: {
    taken: number;
    written_bytes: number;
    state_bytes: number;
    file_bytes: number;
    pause_ms: { p50: number; p99: number; max: number } | null;
    duration_ms: { p50: number; p99: number; max: number } | null;
    skipped: { reason: string; node: string; count: number }[];
    /** Why there is none for long. */
    trouble: string | null;
    /** States of the run before that nodes were given, and those that nobody was given. */
    restored: number;
    dropped: { part: string; reason: string }[];
  };
  dead_letters: {
    total: number;
    /** The oldest ones still held. */
    first: { packet_id: string | null; node: string; reason: string; attempts: number; at: string }[];
  };
  node_metrics: Record<string, Readonly<Record<string, number>>>;
}

/** The report of a run at any time, `nowMs` on the wall clock. */
export function runReport(run: RunSnapshot, nowMs: number, redactor: Redactor): RunReport {
  return {
    ts: iso(nowMs),
    status: run.status,
    engine: "inproc",
    graph_version: 2,
    graph: run.graph.path,
    metrics: flatMetrics(run.nodes),
    schema_version: SCHEMA_VERSION,
    name: run.graph.name,
    graph_hash: run.graph.hash,
    profile: run.graph.profile ?? null,
    state: run.state,
    stop_reason: run.stopReason ?? null,
    error: run.failure === undefined ? null : redactor.text(run.failure),
    seed: run.seed,
    started_at: iso(run.startedAtMs),
    duration_ms: Math.round(run.uptimeMs),
    sources: run.nodes.filter((node) => node.isSource).map(sourceLine),
    edges: run.edges.map(edgeLine),
    inboxes: run.nodes.flatMap((node) =>
      node.inboxes.map(({ port, peak, capacity }) => ({ node: node.id, port, peak, capacity })),
    ),
    drops: run.nodes.flatMap((node) =>
      [...node.counters.dropped].map(([reason, packets]) => ({ node: node.id, reason, packets })),
    ),
    late_emits: run.nodes
      .filter(({ counters }) => counters.lateEmits > 0)
      .map(({ id, counters }) => ({ node: id, packets: counters.lateEmits })),
    errors: run.nodes.filter((node) => node.counters.errors > 0).map((node) => errorLine(node, redactor)),
    ...(run.blobs && { blobs: run.blobs }),
    ...(run.recording && { recording: run.recording }),
    ...(run.reloads && { reloads: reloadLine(run.reloads, redactor) }),
    ...(run.checkpoints && { checkpoints: checkpointLine(run.checkpoints, redactor) }),
    dead_letters: {
      total: run.deadLetters.total,
      first: run.deadLetters.recent.slice(0, SHOWN_LETTERS).map((letter) => letterLine(letter, redactor)),
    },
    node_metrics: Object.fromEntries(
      run.nodes.filter(({ own }) => Object.keys(own).length > 0).map((node) => [node.id, node.own]),
    ),
  };
}

/** One compact line of JSON, no line end. */
export function reportLine(report: RunReport): string {
  return JSON.stringify(report);
}

/** What a person reads instead of the report. `packets=` counts what all nodes produced, sources included. */
export function summary(run: RunSnapshot): string {
  const { "packets.produced_total": packets, "packets.dropped_total": dropped } = flatMetrics(run.nodes);
  const facts = [
    `${counted(run.nodes.length, "node")}, ${counted(run.edges.length, "edge")}`,
    `packets=${packets}`,
    `${(run.uptimeMs / 1_000).toFixed(1)} s`,
    ...(dropped! > 0 ? [`${dropped} dropped`] : []),
    ...(run.deadLetters.total > 0 ? [counted(run.deadLetters.total, "dead letter")] : []),
    ...(run.stopReason === undefined ? [] : [`stopped by ${run.stopReason}`]),
  ];
  const failure = run.failure === undefined ? "" : `: ${run.failure}`;
  return `${run.graph.name}: ${run.status} (${facts.join(", ")})${failure}`;
}

function flatMetrics(nodes: readonly NodeSnapshot[]): Record<string, number> {
  const sum = (count: (node: NodeSnapshot) => number) => nodes.reduce((total, node) => total + count(node), 0);
  const metrics: Record<string, number> = {
    "packets.consumed_total": sum((node) => node.counters.consumed),
    "packets.produced_total": sum((node) => node.counters.produced),
    "packets.source_emitted_total": sum((node) => (node.isSource ? node.counters.produced : 0)),
    "packets.dropped_total": sum((node) => totalDrops(node.counters.dropped)),
  };
  for (const node of nodes) {
    const key = `node.${node.id}.`;
    for (const [name, value] of Object.entries(node.own)) metrics[key + name] = Math.round(value);
    metrics[`${key}consumed`] = node.counters.consumed;
    metrics[`${key}produced`] = node.counters.produced;
    metrics[`${key}is_source`] = Number(node.isSource);
    metrics[`${key}is_sink`] = Number(node.isSink);
    metrics[`${key}inbox_dropped_total`] = totalDrops(node.counters.dropped, INBOX_REASONS);
  }
  return metrics;
}

function sourceLine({ id, counters }: NodeSnapshot): RunReport["sources"][number] {
  return { node: id, emitted: counters.produced, restarts: counters.restarts, dead_letters: counters.deadLetters };
}

function edgeLine({ from, fromPort, to, toPort, counters, durable }: EdgeSnapshot): RunReport["edges"][number] {
  const { passed, dropped, waitMs } = counters;
  const wait_ms = waitMs.count === 0 ? null : waits(waitMs);
  const line = {
    from: `${from}.${fromPort}`,
    to: `${to}.${toPort}`,
    passed,
    dropped: Object.fromEntries(dropped),
    wait_ms,
  };
  return durable === undefined ? line : { ...line, durable: durableLine(durable) };
}

function durableLine({ oldestMs, full, fileBytes, walBytes, tailLost, committedRows, ...rest }: DurableSnapshot) {
  return {
    ...rest,
    file_bytes: fileBytes,
    wal_bytes: walBytes,
    tail_lost: tailLost,
    committed_rows: committedRows,
    oldest_at: oldestMs === undefined ? null : iso(oldestMs),
    full: full ?? null,
  };
}

function checkpointLine(kept: CheckpointSnapshot, redactor: Redactor): RunReport["checkpoints"] {
  const { taken, writtenBytes, stateBytes, fileBytes, pauseMs, durationMs, skipped, trouble, restored, dropped } = kept;
  return {
    ...{ taken, written_bytes: writtenBytes, state_bytes: stateBytes, file_bytes: fileBytes },
    pause_ms: pauseMs.count === 0 ? null : waits(pauseMs),
    duration_ms: durationMs.count === 0 ? null : waits(durationMs),
    skipped: [...skipped],
    trouble: trouble === undefined ? null : redactor.text(trouble),
    restored,
    dropped: dropped.map(({ part, reason }) => ({ part, reason: redactor.text(reason) })),
  };
}

function waits(waitMs: Histogram) {
  const microseconds = (ms: number) => Math.round(ms * 1_000) / 1_000;
  return {
    p50: microseconds(waitMs.percentile(0.5)),
    p99: microseconds(waitMs.percentile(0.99)),
    max: microseconds(waitMs.max),
  };
}

function errorLine({ id, counters, lastError }: NodeSnapshot, redactor: Redactor): RunReport["errors"][number] {
  return {
    node: id,
    count: counters.errors,
    last_message: lastError === undefined ? null : redactor.text(lastError.message),
    last_at: lastError === undefined ? null : iso(lastError.atMs),
  };
}

function letterLine({ packet, node_id, reason, attempts, at }: DeadLetter, redactor: Redactor) {
  return { packet_id: packet?.packet_id ?? null, node: node_id, reason: redactor.text(reason), attempts, at };
}

function counted(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? "" : "s"}`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
