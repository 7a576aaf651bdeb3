import type { Death } from "./child.ts";
import type { Account } from "./ledger.ts";
import type { Spread } from "./statistics.ts";
import type { Series } from "./timeline.ts";

/** What one fault did to the graph. */
export interface FaultResult extends Account {
  readonly fault: string;
  readonly what: string;
  /** Times it was injected. */
  readonly rounds: number;
  readonly seconds: number;
  /** Whether payloads were compared; a graph may change them, and then `corrupted` counts unknown keys alone. */
  readonly comparesPayloads: boolean;
  /** The fault gives no reason for a dead letter. */
  readonly buriesNone: boolean;
  /** Of the lost: destroyed by the fault, found by the graph and told in its log and figures. */
  readonly told: number;
  /** 95 % upper bound of the share that is lost, `3 / acknowledged` without a loss. */
  readonly bound95: number;
  readonly firstDeliveryMs: Spread | undefined;
  readonly recoveryMs: Spread | undefined;
  readonly caughtUpMs: Spread | undefined;
  /** What posters were answered beside 202. */
  readonly answers: Readonly<Record<string, number>>;
  /** Ends of the process that nobody asked for. */
  readonly deaths: readonly Death[];
  /** What checking the queue files afterwards found. */
  readonly findings: readonly string[];
  readonly remarks: readonly string[];
  readonly series: Series;
}

export interface SkippedFault {
  readonly fault: string;
  readonly what: string;
  readonly skipped: string;
}

/** The fault was not survived so far that there is anything to count. */
export interface BrokenFault {
  readonly fault: string;
  readonly what: string;
  readonly broken: string;
}

export type Outcome = FaultResult | SkippedFault | BrokenFault;

export interface DrillResult {
  readonly graph: string;
  readonly seed: number;
  readonly startedAt: string;
  readonly seconds: number;
  readonly faults: readonly Outcome[];
}

export const isSkipped = (outcome: Outcome): outcome is SkippedFault => "skipped" in outcome;
export const isBroken = (outcome: Outcome): outcome is BrokenFault => "broken" in outcome;
export const isCounted = (outcome: Outcome): outcome is FaultResult => "acknowledged" in outcome;

/** Why this is not what was promised; empty when it is. */
function failuresOf(result: Outcome): string[] {
  if (isSkipped(result)) return [];
  if (isBroken(result)) return [`${result.fault}: ${result.broken}`];
  const { fault, acknowledged, lost, told, corrupted, outOfOrder, waiting, dead, buriesNone, deaths, findings } =
    result;
  const broken: [boolean, string][] = [
    [acknowledged === 0, "nothing was acknowledged, so nothing was tried"],
    [lost > told, `${lost - told} acknowledged packets are lost`],
    [corrupted > 0, `${corrupted} deliveries are not what was sent`],
    [outOfOrder > 0, `${outOfOrder} packets came out of order`],
    [waiting > 0, `${waiting} packets still wait, long after the fault was over`],
    [buriesNone && dead > 0, `${dead} packets became dead letters, and nothing was wrong with them`],
    [deaths.length > 0, `the process ended ${deaths.length} times by itself: ${deaths[0]?.end}`],
    [findings.length > 0, `the queue files have faults: ${findings.slice(0, 3).join("; ")}`],
  ];
  return broken.filter(([is]) => is).map(([, why]) => `${fault}: ${why}`);
}

export const failuresIn = ({ faults }: DrillResult): string[] => faults.flatMap(failuresOf);
