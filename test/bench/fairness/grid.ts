/** What is compared: how a full inbox chooses what to leave out. */
export const POLICIES = ["drop_newest", "drop_oldest", "fail", "weighted_drop"] as const;
export type Policy = (typeof POLICIES)[number];

/** What a lost event of each group is worth; `weighted_drop` knows these numbers, and so does the judge. */
export const WEIGHTS: Readonly<Record<string, number>> = { routine: 1, watch: 2, alarm: 8 };
export const GROUPS = Object.keys(WEIGHTS);

/** Packets in the inbox of the slow node. */
const CAPACITY = 16;
/** With the pauses a run takes about a second. */
const STEPS = 300;

export const WORKLOAD_NAMES = ["balanced", "skewed_burst", "recovery_stress", "minority_spike"] as const;

interface Workload {
  source: Record<string, unknown>;
  scoring?: Record<string, unknown>;
}

/** In all of them events come faster than they are scored, so that the inbox is full for a part of the time. */
const WORKLOADS: Record<WorkloadName, Workload> = {
  /** All groups alike, a little too many. */
  balanced: { source: {} },
  /** Mostly routine, and every fortieth step sixty at once. */
  skewed_burst: { source: { group_probs: [0.8, 0.15, 0.05], burst_every: 40, burst_size: 60 } },
  /** A fifth of a second of silence, and behind it a burst. */
  recovery_stress: {
    source: {
      group_probs: [0.6, 0.3, 0.1],
      burst_every: 100,
      burst_size: 80,
      recovery_marker_seq: 358,
      outage_sleep_ms: 200,
    },
  },
  /** The rarest group is the dearest, and takes longest. */
  minority_spike: {
    source: { group_probs: [0.9, 0.07, 0.03], burst_every: 25, burst_size: 20 },
    scoring: { group_delay_ms: { alarm: 6 } },
  },
};
export type WorkloadName = (typeof WORKLOAD_NAMES)[number];

/** Policies of one workload and repeat get the same events: differences are theirs, not the seed's. */
export const seedOf = (workload: WorkloadName, repeat: number) =>
  12_000 + repeat * 1_000_000 + WORKLOAD_NAMES.indexOf(workload);

/** Config of the source, and with it all that it will make. */
export const sourceConfig = (workload: WorkloadName, seed: number) => ({
  ...{ source_id: "bench", seed, groups: GROUPS, total_events: STEPS, emit_sleep_ms: 1 },
  ...WORKLOADS[workload].source,
});

export function graphOf(policy: Policy, workload: WorkloadName, seed: number, file: string) {
  const scoring = {
    delay_ms: 2.5,
    jitter_ms: 0.5,
    seed,
    ...WORKLOADS[workload].scoring,
  };
  const weights = policy === "weighted_drop" ? { weights: { key: "group_id", values: WEIGHTS } } : {};
  return {
    version: 2,
    name: "fairness",
    nodes: [
      { id: "source", plugin: "risk_source", config: sourceConfig(workload, seed) },
      {
        id: "score",
        plugin: "slow_scoring",
        config: scoring,
        runtime: { inbox: { capacity: CAPACITY, overflow: policy, ...weights } },
      },
      {
        id: "lines",
        plugin: "bench_metrics_sink",
        config: { output_path: file, flush: false, group_weights: WEIGHTS },
      },
    ],
    edges: [
      { from: "source", to: "score" },
      { from: "score", to: "lines" },
    ],
  };
}
