import { type DrillResult, type FaultResult, failuresIn, isCounted, isSkipped } from "./result.ts";
import type { Spread } from "./statistics.ts";

/** Heads of the table, and what stands below them; the HTML report and docs/drill-results.md have the same. */
export const COLUMNS: readonly (readonly [head: string, cell: (result: FaultResult) => string])[] = [
  ["fault", ({ fault }) => fault],
  ["rounds", ({ rounds }) => whole(rounds)],
  ["acknowledged", ({ acknowledged }) => whole(acknowledged)],
  ["delivered", ({ delivered }) => whole(delivered)],
  ["waiting", ({ waiting }) => whole(waiting)],
  ["dead", ({ dead }) => whole(dead)],
  ["lost", ({ lost, told }) => whole(lost - told) + (told === 0 ? "" : ` (+${whole(told)} told)`)],
  ["at most (95 %)", ({ bound95 }) => percent(bound95)],
  ["duplicated", ({ duplicated }) => whole(duplicated)],
  ["out of order", ({ outOfOrder }) => whole(outOfOrder)],
  ["corrupt", ({ corrupted, comparesPayloads }) => whole(corrupted) + (comparesPayloads ? "" : " (by key)")],
  ["first delivery p50/p99/max", ({ firstDeliveryMs }) => spread(firstDeliveryMs)],
  ["recovery p50/p99/max", ({ recoveryMs }) => spread(recoveryMs)],
];

const whole = (count: number) => count.toLocaleString("en-US");
export const percent = (share: number) => `${Number((share * 100).toPrecision(2))} %`;

export function spread(given: Spread | undefined): string {
  return given === undefined ? "-" : `${[given.p50, given.p99, given.max].map((ms) => Math.round(ms)).join("/")} ms`;
}

/** The result for a person at a terminal. */
export function drillText(result: DrillResult, table: (rows: readonly (readonly string[])[]) => string): string {
  const done = result.faults.filter(isCounted);
  const rows = [COLUMNS.map(([head]) => head), ...done.map((fault) => COLUMNS.map(([, cell]) => cell(fault)))];
  // Thirteen columns are wider than a terminal, so faults stand side by side.
  const turned = rows[0]!.map((_, at) => rows.map((row) => row[at]!));
  const skipped = result.faults.filter(isSkipped).map(({ fault, skipped }) => `skipped ${fault}: ${skipped}`);
  const remarks = done.flatMap(({ fault, remarks }) => remarks.map((remark) => `note ${fault}: ${remark}`));
  const failures = failuresIn(result);
  return `${[
    ...(done.length === 0 ? [] : [table(turned).trimEnd(), ""]),
    ...skipped,
    ...remarks,
    ...failures.map((failure) => `FAILED ${failure}`),
    failures.length === 0 ? "Nothing acknowledged was lost." : `Once more: --seed ${result.seed} --keep DIR`,
  ].join("\n")}\n`;
}
