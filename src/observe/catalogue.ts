import { DROP_REASONS } from "./counters.ts";

/** What one metric means. Names carry their unit; counters end in `_total`. */
export interface MetricSpec {
  type: "counter" | "gauge" | "histogram";
  labels: readonly string[];
  help: string;
}

/** Every metric of `/metrics`; `docs/metrics.md` is made from it. */
export const METRICS = {
  schnitzel_run_info: {
    type: "gauge",
    labels: ["graph", "graph_hash", "profile"],
    help: "Always 1; names the graph, the sha256 of its text and the profile it runs with, `none` for none.",
  },
  schnitzel_run_status: {
    type: "gauge",
    labels: ["status"],
    help: "1 for the status of the run (ok, degraded, error), 0 for the others.",
  },
  schnitzel_run_state: {
    type: "gauge",
    labels: ["state"],
    help: "1 for the state of the run (starting, running, draining, stopped), 0 for the others.",
  },
  schnitzel_ready: { type: "gauge", labels: [], help: "1 while /readyz says ready, else 0." },
  schnitzel_start_time_seconds: { type: "gauge", labels: [], help: "When the run began, seconds since 1970." },
  schnitzel_uptime_seconds: { type: "gauge", labels: [], help: "How long the run has been going." },
  schnitzel_progress_age_seconds: {
    type: "gauge",
    labels: [],
    help: "Time since a packet last moved. Rises in an idle graph too; look at schnitzel_inbox_packets beside it.",
  },
  schnitzel_node_consumed_packets_total: {
    type: "counter",
    labels: ["node"],
    help: "Packets taken from the node's inboxes.",
  },
  schnitzel_node_produced_packets_total: { type: "counter", labels: ["node"], help: "Packets emitted by the node." },
  schnitzel_node_unrouted_packets_total: {
    type: "counter",
    labels: ["node"],
    help: "Packets emitted by an output port that no edge leaves.",
  },
  schnitzel_node_dropped_packets_total: {
    type: "counter",
    labels: ["node", "reason"],
    help: "Packets lost at the node, by reason.",
  },
  schnitzel_node_errors_total: {
    type: "counter",
    labels: ["node"],
    help: "Times the node threw or rejected, each attempt counted.",
  },
  schnitzel_node_retries_total: { type: "counter", labels: ["node"], help: "Further attempts after an error." },
  schnitzel_node_dead_letters_total: {
    type: "counter",
    labels: ["node"],
    help: "Packets and input records set aside with an error.",
  },
  schnitzel_node_late_emits_total: {
    type: "counter",
    labels: ["node"],
    help: "Packets the node emitted after it was done with their input; refused.",
  },
  schnitzel_node_restarts_total: { type: "counter", labels: ["node"], help: "Restarts of the source after it threw." },
  schnitzel_node_in_flight_packets: {
    type: "gauge",
    labels: ["node"],
    help: "Packets the node has taken and is not done with.",
  },
  schnitzel_node_own_total: {
    type: "counter",
    labels: ["node", "metric"],
    help: "What the node counts itself; its page says what each means.",
  },
  schnitzel_node_own: {
    type: "gauge",
    labels: ["node", "metric"],
    help: "What the node measures itself; its page says what each means.",
  },
  schnitzel_inbox_packets: { type: "gauge", labels: ["node", "port"], help: "Packets waiting in the inbox." },
  schnitzel_inbox_bytes: { type: "gauge", labels: ["node", "port"], help: "Estimated size of the waiting packets." },
  schnitzel_inbox_capacity_packets: {
    type: "gauge",
    labels: ["node", "port"],
    help: "Most packets the inbox may hold.",
  },
  schnitzel_inbox_peak_packets: { type: "gauge", labels: ["node", "port"], help: "Most packets the inbox has held." },
  schnitzel_edge_passed_packets_total: {
    type: "counter",
    labels: ["edge"],
    help: "Packets sent over the edge, those that its end then dropped included.",
  },
  schnitzel_edge_dropped_packets_total: {
    type: "counter",
    labels: ["edge", "reason"],
    help: "Packets of the edge that were dropped at its end, by reason; also counted at the node.",
  },
  schnitzel_edge_wait_seconds: {
    type: "histogram",
    labels: ["edge"],
    help: "Time from entering the inbox at the edge's end to being taken.",
  },
  schnitzel_queue_rows: {
    type: "gauge",
    labels: ["edge", "state"],
    help: "Rows of a durable edge: ready (they wait), leased (under way), dead (dead letters in its file).",
  },
  schnitzel_queue_bytes: {
    type: "gauge",
    labels: ["edge", "of"],
    help: "Bytes of a durable edge: rows (payload and meta that wait), file, wal (the file's log).",
  },
  schnitzel_queue_oldest_seconds: {
    type: "gauge",
    labels: ["edge"],
    help: "When the oldest row of a durable edge was taken in, seconds since 1970; left out while it is empty.",
  },
  schnitzel_queue_events_total: {
    type: "counter",
    labels: ["edge", "event"],
    help: "What happened at a durable edge in this run: enqueued, duplicates, delivered, redelivered, acked, nacked, commits, committed_rows; and ever in its file: tail_lost, damaged, expired.",
  },
  schnitzel_queue_taking: {
    type: "gauge",
    labels: ["edge"],
    help: "1 while a durable edge takes packets, 0 while it is full or its disk fails.",
  },
  schnitzel_blob_files: {
    type: "gauge",
    labels: [],
    help: "Blobs beside the rows, those not yet swept included; left out when the run has no blob store.",
  },
  schnitzel_blob_bytes: { type: "gauge", labels: [], help: "Room on the disk that these blobs take." },
  schnitzel_reload_generation: {
    type: "gauge",
    labels: [],
    help: "Graphs that took the place of another in this run. Left out before the first reload, as the next two.",
  },
  schnitzel_reloads_total: {
    type: "counter",
    labels: ["outcome"],
    help: "Reloads: reloaded, unchanged, refused (nothing was tried), rolled_back (the old graph went on).",
  },
  schnitzel_reload_pause_seconds: {
    type: "gauge",
    labels: [],
    help: "How long sources before what changed stood still for the last reload that succeeded.",
  },
  schnitzel_checkpoint_age_seconds: {
    type: "gauge",
    labels: [],
    help: "How old the last checkpoint is; 0 while it has everything. Left out when the graph keeps no state.",
  },
  schnitzel_checkpoints_total: { type: "counter", labels: [], help: "Checkpoints that are on the disk." },
  schnitzel_checkpoint_skipped_total: {
    type: "counter",
    labels: ["reason", "node"],
    help: "Checkpoints that were not taken: busy (the node had packets under way), snapshot_failed, too_large, not_written (the disk).",
  },
  schnitzel_checkpoint_pause_seconds: {
    type: "gauge",
    labels: ["of"],
    help: "How long sources stood still for a checkpoint: p50, p99 and max.",
  },
  schnitzel_checkpoint_duration_seconds: {
    type: "gauge",
    labels: ["of"],
    help: "Time from the beginning of that to the disk: p50, p99 and max.",
  },
  schnitzel_checkpoint_bytes: {
    type: "gauge",
    labels: ["of"],
    help: "Bytes of the last checkpoint (state), and of its file with its log (file).",
  },
  schnitzel_checkpoint_written_bytes_total: {
    type: "counter",
    labels: [],
    help: "State written; what has not changed is not written again.",
  },
  schnitzel_checkpoint_states: {
    type: "gauge",
    labels: ["outcome"],
    help: "States found at the start: restored, or dropped (of another version, of a node that is gone, damaged).",
  },
  schnitzel_cell_writes_total: {
    type: "counter",
    labels: ["cell"],
    help: "Values written to a cell of the blackboard.",
  },
  schnitzel_cell_refused_total: {
    type: "counter",
    labels: ["cell"],
    help: "Values that did not fit the cell: of another type or schema, or too large. Their packets are dead letters.",
  },
  schnitzel_cell_expired_total: {
    type: "counter",
    labels: ["cell"],
    help: "Values whose ttl was over; counted when the cell is read, or this page.",
  },
  schnitzel_cell_bytes: {
    type: "gauge",
    labels: ["cell"],
    help: "Size as JSON of what was written last; 0 before, and when it has expired.",
  },
  schnitzel_loop_turns_total: { type: "counter", labels: [], help: "Turns of the scheduler." },
  schnitzel_loop_turn_max_seconds: {
    type: "gauge",
    labels: [],
    help: "Longest turn so far: the longest time that timers, input and this page had to wait.",
  },
  process_resident_memory_bytes: { type: "gauge", labels: [], help: "Resident memory size in bytes." },
  process_cpu_seconds_total: { type: "counter", labels: [], help: "Total user and system CPU time spent in seconds." },
} as const satisfies Record<string, MetricSpec>;

export type MetricName = keyof typeof METRICS;

/** The page `docs/metrics.md`. */
export function metricsPage(): string {
  const rows = Object.entries<MetricSpec>(METRICS).map(
    ([name, { type, labels, help }]) => `| \`${name}\` | ${type} | ${labels.join(", ") || "–"} | ${help} |`,
  );
  return `# Metrics

\`GET /metrics\` of a run with \`--http\` gives these, in the Prometheus text format. An edge is named
\`from.port -> to.port\`. Units are seconds, bytes and packets.

| name | type | labels | what it is |
|---|---|---|---|
${rows.join("\n")}

Reasons of drops:

| reason | what happened |
|---|---|
${Object.entries(DROP_REASONS)
  .map(([reason, text]) => `| \`${reason}\` | ${text} |`)
  .join("\n")}
`;
}
