import { POLICIES, type Policy, WORKLOAD_NAMES, type WorkloadName } from "./grid.ts";
import { bootstrapInterval, cliffsDelta, type Effect, holm, mannWhitney, mean } from "./statistics.ts";
import type { Trial } from "./trials.ts";

/** What the others are compared with: the predecessor's default. */
export const BASELINE: Policy = "drop_newest";

export interface Summary {
  policy: Policy;
  workload: WorkloadName;
  /** 1 is the least harm on this workload. */
  rank: number;
  harm: number;
  interval: [low: number, high: number];
  miss: number;
  alarm_miss: number;
  gap: number;
  /** Null where no event came through. */
  p95_ms: number | null;
  recovery_ms: number | null;
  failed: number;
  /** Against the baseline, on harm; undefined for itself. */
  compared?: { p: number; holm: number; delta: number; effect: Effect };
}

/** One row per workload and policy, the best of each workload first. */
export function summarize(trials: readonly Trial[]): Summary[] {
  const rows = WORKLOAD_NAMES.flatMap((workload) => POLICIES.map((policy) => summary(trials, policy, workload)));
  const compared = rows.filter((row) => row.compared !== undefined);
  for (const [at, p] of holm(compared.map((row) => row.compared!.p)).entries()) compared[at]!.compared!.holm = p;
  return WORKLOAD_NAMES.flatMap((workload) => ranked(rows.filter((row) => row.workload === workload)));
}

const harms = (trials: readonly Trial[], policy: Policy, workload: WorkloadName) =>
  trials.filter((trial) => trial.policy === policy && trial.workload === workload).map(({ figures }) => figures.harm);

function summary(trials: readonly Trial[], policy: Policy, workload: WorkloadName): Summary {
  const own = trials.filter((trial) => trial.policy === policy && trial.workload === workload);
  const [harm, baseline] = [harms(trials, policy, workload), harms(trials, BASELINE, workload)];
  const average = (figure: (trial: Trial) => number | null | undefined) => {
    const values = own.map(figure).filter((value) => typeof value === "number");
    return values.length === 0 ? null : mean(values);
  };
  return {
    ...{ policy, workload, rank: 0, harm: mean(harm), interval: bootstrapInterval(harm) },
    miss: average(({ figures }) => figures.event_miss_rate)!,
    alarm_miss: average(({ figures }) => figures.group_miss.alarm)!,
    gap: average(({ figures }) => figures.group_miss_gap)!,
    p95_ms: average(({ figures }) => figures.p95_ms),
    recovery_ms: average(({ figures }) => figures.recovery_time_ms),
    failed: own.filter((trial) => trial.failed).length,
    ...(policy === BASELINE
      ? {}
      : { compared: { p: mannWhitney(harm, baseline).p, holm: 1, ...cliffsDelta(harm, baseline) } }),
  };
}

/** By harm, then what was missed, then the latency, then the name. */
function ranked(rows: readonly Summary[]): Summary[] {
  const late = (row: Summary) => row.p95_ms ?? Number.POSITIVE_INFINITY;
  const order = (a: Summary, b: Summary) =>
    a.harm - b.harm || a.miss - b.miss || late(a) - late(b) || (a.policy < b.policy ? -1 : 1);
  return [...rows].sort(order).map((row, at) => ({ ...row, rank: at + 1 }));
}
