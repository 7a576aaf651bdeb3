import { PythonRandom } from "../../../src/base/mersenne_twister.ts";
import { GROUPS, sourceConfig, WEIGHTS, type WorkloadName } from "./grid.ts";
import { percentile } from "./statistics.ts";

/** A line of `bench_metrics_sink`. */
export interface Line {
  seq: number;
  group_id: string;
  latency_ms: number;
  recovery_marker: boolean;
}

/** What a run came to. Rates are shares from 0 to 1, null where nothing was there to measure. */
export interface Figures {
  throughput: number;
  p50_ms: number | null;
  p95_ms: number | null;
  p99_ms: number | null;
  drop_rate: number;
  event_miss_rate: number;
  recovery_time_ms: number | null;
  group_miss: Record<string, number>;
  group_p95_ms: Record<string, number | null>;
  group_miss_gap: number;
  group_latency_gap_ms: number;
  weighted_miss: number;
  weighted_latency: number;
  harm: number;
}

/** What an event may take before it is late. */
const BUDGET_MS = 50;
/** No latency counts for more than so many budgets. A group of which nothing came counts as that late. */
const MOST_LATE = 5;

/** Events of each group that a run with this seed makes. */
export function expectedByGroup(workload: WorkloadName, seed: number, total: number): Record<string, number> {
  const random = new PythonRandom(seed);
  const { group_probs } = sourceConfig(workload, seed) as { group_probs?: number[] };
  const counts = Object.fromEntries(GROUPS.map((group) => [group, 0]));
  for (let i = 0; i < total; i++) counts[GROUPS[random.choice(GROUPS.length, group_probs)]!]! += 1;
  return counts;
}

export interface RunResult {
  lines: readonly Line[];
  expected: Readonly<Record<string, number>>;
  dropped: number;
  seconds: number;
  failed: boolean;
}

export function figuresOf({ lines, expected, dropped, seconds, failed }: RunResult): Figures {
  const total = GROUPS.reduce((sum, group) => sum + expected[group]!, 0);
  const latencies = lines.map(({ latency_ms }) => latency_ms);
  const at = (values: readonly number[], percent: number) => (values.length === 0 ? null : percentile(values, percent));
  const of = (group: string) => lines.filter(({ group_id }) => group_id === group);
  const byGroup = <Value>(figure: (group: string) => Value) =>
    Object.fromEntries(GROUPS.map((group) => [group, figure(group)]));
  const group_miss = byGroup((group) => 1 - of(group).length / Math.max(1, expected[group]!));
  const group_p95_ms = byGroup((group) =>
    at(
      of(group).map(({ latency_ms }) => latency_ms),
      95,
    ),
  );
  const weighted_miss = weighted((group) => group_miss[group]!);
  const weighted_latency = weighted((group) => {
    const p95 = group_p95_ms[group] ?? null;
    return p95 === null ? MOST_LATE : Math.min(MOST_LATE, p95 / BUDGET_MS);
  });
  return {
    ...{ throughput: lines.length / seconds, drop_rate: dropped / total, event_miss_rate: 1 - lines.length / total },
    ...{ p50_ms: at(latencies, 50), p95_ms: at(latencies, 95), p99_ms: at(latencies, 99) },
    recovery_time_ms: lines.find(({ recovery_marker }) => recovery_marker)?.latency_ms ?? null,
    ...{ group_miss, group_p95_ms, group_miss_gap: gap(Object.values(group_miss)) },
    group_latency_gap_ms: gap(Object.values(group_p95_ms).filter((value) => value !== null)),
    ...{ weighted_miss, weighted_latency },
    harm: 100 * weighted_miss + 10 * weighted_latency + (failed ? 5 : 0),
  };
}

const gap = (values: readonly number[]) => (values.length === 0 ? 0 : Math.max(...values) - Math.min(...values));

function weighted(figure: (group: string) => number): number {
  const total = GROUPS.reduce((sum, group) => sum + WEIGHTS[group]!, 0);
  return GROUPS.reduce((sum, group) => sum + WEIGHTS[group]! * figure(group), 0) / total;
}
