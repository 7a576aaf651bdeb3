import { BASELINE, type Summary } from "./analysis.ts";

const HEAD = [
  ...["workload", "rank", "policy", "harm, 95% interval", "missed", "alarms missed", "gap between groups", "p95"],
  ...["recovered in", `against ${BASELINE}: p (Holm)`, "Cliff's δ", "failed runs"],
];

/** The summary in Markdown. */
export const markdownTable = (rows: readonly Summary[]) =>
  [HEAD, HEAD.map(() => "---"), ...rows.map(cells)].map((row) => `| ${row.join(" | ")} |`).join("\n");

function cells({
  workload,
  rank,
  policy,
  harm,
  interval,
  miss,
  alarm_miss,
  gap,
  p95_ms,
  recovery_ms,
  compared,
  failed,
}: Summary) {
  return [
    ...[
      workload,
      String(rank),
      `\`${policy}\``,
      `${harm.toFixed(1)} (${interval.map((value) => value.toFixed(1)).join("–")})`,
    ],
    ...[percent(miss), percent(alarm_miss), percent(gap), milliseconds(p95_ms), milliseconds(recovery_ms)],
    compared === undefined ? "" : compared.holm < 0.001 ? "< 0.001" : compared.holm.toFixed(3),
    compared === undefined ? "" : `${compared.delta.toFixed(2)} ${compared.effect}`,
    String(failed),
  ];
}

const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
const milliseconds = (ms: number | null) => (ms === null ? "–" : `${ms.toFixed(1)} ms`);

/** Every run, for a program of one's own. */
export function csvOf(
  trials: readonly {
    policy: string;
    workload: string;
    repeat: number;
    seed: number;
    failed: boolean;
    figures: object;
  }[],
) {
  const rows = trials.map(({ figures, ...trial }) => ({ ...trial, ...flat(figures) }) as Record<string, unknown>);
  const names = Object.keys(rows[0] ?? {});
  return `${[names, ...rows.map((row) => names.map((name) => row[name] ?? ""))].map((row) => row.join(",")).join("\n")}\n`;
}

function flat(figures: object): Record<string, unknown> {
  const entries = Object.entries(figures).flatMap(([name, value]) =>
    typeof value === "object" && value !== null
      ? Object.entries(value).map(([group, one]) => [`${name}_${group}`, one] as const)
      : [[name, value] as const],
  );
  return Object.fromEntries(entries);
}
