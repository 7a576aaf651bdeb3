import { type Metric, Registry } from "prom-client";
import { METRICS, type MetricName } from "./catalogue.ts";
import { readiness } from "./health.ts";
import type { Histogram } from "./histogram.ts";
import type {
  CellSnapshot,
  CheckpointSnapshot,
  DurableSnapshot,
  EdgeSnapshot,
  InboxSnapshot,
  NodeSnapshot,
  RunSnapshot,
  RunState,
  RunStatus,
} from "./snapshot.ts";

export const METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** What a scrape needs besides the snapshot. */
export interface ScrapeTime {
  /** Monotonic, of the clock that made the snapshot. */
  monotonicMs: number;
  rssBytes: number;
  cpuSec: number;
}

interface Sample {
  labels: Record<string, string | number>;
  value: number;
  /** For the series of a histogram. */
  metricName?: string;
}

type Sampler = (run: RunSnapshot, at: ScrapeTime) => Sample[];

/** Powers of four from 0.98 µs to 262 s: edges of the histogram's own buckets, so the counts are exact. */
const WAIT_BOUNDS_MS = Array.from({ length: 15 }, (_, power) => 2 ** (2 * power - 10));
const STATUSES: readonly RunStatus[] = ["ok", "degraded", "error"];
const STATES: readonly RunState[] = ["starting", "running", "draining", "stopped"];

const one = (value: number): Sample[] => [{ labels: {}, value }];

const oneOf = (name: string, all: readonly string[], current: string): Sample[] =>
  all.map((state) => ({ labels: { [name]: state }, value: Number(state === current) }));

const perNode =
  (value: (node: NodeSnapshot) => number): Sampler =>
  ({ nodes }) =>
    nodes.map((node) => ({ labels: { node: node.id }, value: value(node) }));

const perInbox =
  (value: (inbox: InboxSnapshot) => number): Sampler =>
  ({ nodes }) =>
    nodes.flatMap(({ id, inboxes }) =>
      inboxes.map((inbox) => ({ labels: { node: id, port: inbox.port }, value: value(inbox) })),
    );

const perEdge =
  (samples: (edge: EdgeSnapshot, labels: { edge: string }) => Sample[]): Sampler =>
  ({ edges }) => {
    const names = edgeNames(edges);
    return edges.flatMap((edge, index) => samples(edge, { edge: names[index]! }));
  };

const perQueue = (samples: (queue: DurableSnapshot) => Sample[]): Sampler =>
  perEdge(({ durable }, edge) =>
    durable === undefined
      ? []
      : samples(durable).map(({ labels, ...rest }) => ({ ...rest, labels: { ...edge, ...labels } })),
  );

const byLabel = (label: string, values: Readonly<Record<string, number>>): Sample[] =>
  Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));

const queueEvents = ({ committedRows, tailLost, ...queue }: DurableSnapshot) => {
  const { enqueued, duplicates, delivered, redelivered, acked, nacked, commits, damaged, expired } = queue;
  const here = { enqueued, duplicates, delivered, redelivered, acked, nacked, commits, committed_rows: committedRows };
  return { ...here, tail_lost: tailLost, damaged, expired };
};

const own =
  (counters: boolean): Sampler =>
  ({ nodes }) =>
    nodes.flatMap(({ id, own }) =>
      Object.entries(own)
        .filter(([metric]) => metric.endsWith("_total") === counters)
        .map(([metric, value]) => ({ labels: { node: id, metric }, value })),
    );

const perCell =
  (value: (cell: CellSnapshot) => number): Sampler =>
  ({ cells = [] }) =>
    cells.map((cell) => ({ labels: { cell: cell.name }, value: value(cell) }));

const ofCheckpoints =
  (samples: (kept: CheckpointSnapshot) => Sample[]): Sampler =>
  ({ checkpoints }) =>
    checkpoints === undefined ? [] : samples(checkpoints);

/** Of a few values, so no series of buckets; none before the first. */
const shares = (times: Histogram): Sample[] =>
  times.count === 0
    ? []
    : byLabel("of", {
        p50: times.percentile(0.5) / 1_000,
        p99: times.percentile(0.99) / 1_000,
        max: times.max / 1_000,
      });

const SAMPLERS: Record<MetricName, Sampler> = {
  schnitzel_run_info: ({ graph: { name, hash, profile = "none" } }) => [
    { labels: { graph: name, graph_hash: hash, profile }, value: 1 },
  ],
  schnitzel_run_status: ({ status }) => oneOf("status", STATUSES, status),
  schnitzel_run_state: ({ state }) => oneOf("state", STATES, state),
  schnitzel_ready: (run, { monotonicMs }) => one(Number(readiness(run, monotonicMs).ready)),
  schnitzel_start_time_seconds: ({ startedAtMs }) => one(startedAtMs / 1_000),
  schnitzel_uptime_seconds: ({ uptimeMs }) => one(uptimeMs / 1_000),
  schnitzel_progress_age_seconds: (run, { monotonicMs }) => one((monotonicMs - run.lastProgressMonotonicMs) / 1_000),
  schnitzel_node_consumed_packets_total: perNode(({ counters }) => counters.consumed),
  schnitzel_node_produced_packets_total: perNode(({ counters }) => counters.produced),
  schnitzel_node_unrouted_packets_total: perNode(({ counters }) => counters.unrouted),
  schnitzel_node_dropped_packets_total: ({ nodes }) =>
    nodes.flatMap(({ id, counters }) => dropSamples(counters.dropped, { node: id })),
  schnitzel_node_errors_total: perNode(({ counters }) => counters.errors),
  schnitzel_node_retries_total: perNode(({ counters }) => counters.retries),
  schnitzel_node_dead_letters_total: perNode(({ counters }) => counters.deadLetters),
  schnitzel_node_late_emits_total: perNode(({ counters }) => counters.lateEmits),
  schnitzel_node_restarts_total: perNode(({ counters }) => counters.restarts),
  schnitzel_node_in_flight_packets: perNode(({ inFlight }) => inFlight),
  schnitzel_node_own_total: own(true),
  schnitzel_node_own: own(false),
  schnitzel_inbox_packets: perInbox(({ depth }) => depth),
  schnitzel_inbox_bytes: perInbox(({ bytes }) => bytes),
  schnitzel_inbox_capacity_packets: perInbox(({ capacity }) => capacity),
  schnitzel_inbox_peak_packets: perInbox(({ peak }) => peak),
  schnitzel_edge_passed_packets_total: perEdge(({ counters }, labels) => [{ labels, value: counters.passed }]),
  schnitzel_edge_dropped_packets_total: perEdge(({ counters }, labels) => dropSamples(counters.dropped, labels)),
  schnitzel_edge_wait_seconds: perEdge(({ counters }, labels) => waitSamples(counters.waitMs, labels)),
  schnitzel_queue_rows: perQueue(({ ready, leased, dead }) => byLabel("state", { ready, leased, dead })),
  schnitzel_queue_bytes: perQueue(({ bytes, fileBytes, walBytes }) =>
    byLabel("of", { rows: bytes, file: fileBytes, wal: walBytes }),
  ),
  schnitzel_queue_oldest_seconds: perQueue(({ oldestMs }) =>
    oldestMs === undefined ? [] : [{ labels: {}, value: oldestMs / 1_000 }],
  ),
  schnitzel_queue_events_total: perQueue((queue) => byLabel("event", queueEvents(queue))),
  schnitzel_queue_taking: perQueue(({ full, degraded }) => one(Number(full === undefined && !degraded))),
  schnitzel_blob_files: ({ blobs }) => (blobs === undefined ? [] : one(blobs.files)),
  schnitzel_blob_bytes: ({ blobs }) => (blobs === undefined ? [] : one(blobs.bytes)),
  schnitzel_reload_generation: ({ reloads }) => (reloads === undefined ? [] : one(reloads.generation)),
  schnitzel_reloads_total: ({ reloads }) => (reloads === undefined ? [] : byLabel("outcome", reloads.outcomes)),
  schnitzel_reload_pause_seconds: ({ reloads }) => (reloads?.pauseMs === undefined ? [] : one(reloads.pauseMs / 1_000)),
  schnitzel_checkpoint_age_seconds: ofCheckpoints(({ ageMs }) => one(ageMs / 1_000)),
  schnitzel_checkpoints_total: ofCheckpoints(({ taken }) => one(taken)),
  schnitzel_checkpoint_skipped_total: ofCheckpoints(({ skipped }) =>
    skipped.map(({ reason, node, count }) => ({ labels: { reason, node }, value: count })),
  ),
  schnitzel_checkpoint_pause_seconds: ofCheckpoints(({ pauseMs }) => shares(pauseMs)),
  schnitzel_checkpoint_duration_seconds: ofCheckpoints(({ durationMs }) => shares(durationMs)),
  schnitzel_checkpoint_bytes: ofCheckpoints(({ stateBytes: state, fileBytes: file }) => byLabel("of", { state, file })),
  schnitzel_checkpoint_written_bytes_total: ofCheckpoints(({ writtenBytes }) => one(writtenBytes)),
  schnitzel_checkpoint_states: ofCheckpoints(({ restored, dropped }) =>
    byLabel("outcome", { restored, dropped: dropped.length }),
  ),
  schnitzel_cell_writes_total: perCell(({ writes }) => writes),
  schnitzel_cell_refused_total: perCell(({ refused }) => refused),
  schnitzel_cell_expired_total: perCell(({ expired }) => expired),
  schnitzel_cell_bytes: perCell(({ bytes }) => bytes),
  schnitzel_loop_turns_total: ({ loop }) => one(loop.turns),
  schnitzel_loop_turn_max_seconds: ({ loop }) => one(loop.maxTurnMs / 1_000),
  process_resident_memory_bytes: (_, { rssBytes }) => one(rssBytes),
  process_cpu_seconds_total: (_, { cpuSec }) => one(cpuSec),
};

/** One scrape: every metric of the catalogue in the Prometheus text format. */
export function metricsText(run: RunSnapshot, at: ScrapeTime): Promise<string> {
  const registry = new Registry();
  for (const name of Object.keys(METRICS) as MetricName[]) registry.registerMetric(snapshotMetric(name, run, at));
  return registry.metrics();
}

/**
 * The registry only asks a metric for its name and `get()`. Our values already exist, and a Counter
 * cannot be set, so a metric reads them instead of keeping copies.
 */
function snapshotMetric(name: MetricName, run: RunSnapshot, at: ScrapeTime): Metric {
  const { type, help } = METRICS[name];
  return { name, get: async () => ({ name, type, help, values: SAMPLERS[name](run, at) }) } as unknown as Metric;
}

function dropSamples(dropped: ReadonlyMap<string, number>, labels: Record<string, string>): Sample[] {
  return [...dropped].map(([reason, value]) => ({ labels: { ...labels, reason }, value }));
}

function waitSamples(waitMs: Histogram, labels: Record<string, string>): Sample[] {
  const series = "schnitzel_edge_wait_seconds";
  const below = waitMs.countsBelow(WAIT_BOUNDS_MS);
  const bucket = (le: string, value: number) => ({ labels: { ...labels, le }, value, metricName: `${series}_bucket` });
  return [
    ...WAIT_BOUNDS_MS.map((boundMs, index) => bucket(String(boundMs / 1_000), below[index]!)),
    bucket("+Inf", waitMs.count),
    { labels, value: waitMs.sum / 1_000, metricName: `${series}_sum` },
    { labels, value: waitMs.count, metricName: `${series}_count` },
  ];
}

/** Names that tell edges apart: two edges between the same ports get `#2`, since a series may occur once. */
function edgeNames(edges: readonly EdgeSnapshot[]): string[] {
  const uses = new Map<string, number>();
  return edges.map(({ from, fromPort, to, toPort }) => {
    const name = `${from}.${fromPort} -> ${to}.${toPort}`;
    const use = (uses.get(name) ?? 0) + 1;
    uses.set(name, use);
    return use === 1 ? name : `${name} #${use}`;
  });
}
