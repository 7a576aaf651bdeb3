import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { BASELINE, type Summary, summarize } from "./fairness/analysis.ts";
import { WORKLOAD_NAMES } from "./fairness/grid.ts";
import { barPlot, type Plot } from "./fairness/plot.ts";
import { csvOf, markdownTable } from "./fairness/table.ts";
import { runTrials } from "./fairness/trials.ts";
import { flagValue, type Row } from "./measure.ts";

/** With 5 it takes two minutes and shows large differences; 30 are for a comparison that is to be published. */
const REPEATS = 5;

const PLOTS: Readonly<Record<string, Plot>> = {
  "harm.svg": {
    title: "Harm by what was lost and late",
    unit: "less is better",
    value: ({ harm }) => harm,
    interval: ({ interval }) => interval,
  },
  "alarms_missed.svg": { title: "Alarms missed", unit: "%", value: ({ alarm_miss }) => 100 * alarm_miss },
  "missed.svg": { title: "Events missed", unit: "%", value: ({ miss }) => 100 * miss },
  "p95.svg": { title: "p95 of the latency", unit: "ms", value: ({ p95_ms }) => p95_ms ?? 0 },
};

/** What full inboxes leave out, by policy and workload: `--repeats N`, `--out DIR`. See docs/fairness.md. */
export function fairness(): Row[] {
  const repeats = Number(flagValue("--repeats") ?? REPEATS);
  if (!Number.isInteger(repeats) || repeats < 1)
    throw new Error(`--repeats must be a whole number above 0: ${repeats}`);
  const out = path.resolve(flagValue("--out") ?? path.join(os.tmpdir(), "schnitzel-fairness"));
  fs.mkdirSync(out, { recursive: true });
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "schnitzel-bench-"));
  try {
    const trials = runTrials(repeats, folder, (done, all) => process.stderr.write(`\r${done} of ${all} runs`));
    process.stderr.write("\n");
    const rows = summarize(trials);
    fs.writeFileSync(path.join(out, "table.md"), `${markdownTable(rows)}\n`);
    fs.writeFileSync(path.join(out, "runs.csv"), csvOf(trials));
    for (const [file, plot] of Object.entries(PLOTS)) fs.writeFileSync(path.join(out, file), barPlot(rows, plot));
    console.error(`${markdownTable(rows)}\n\nin ${out}`);
    return WORKLOAD_NAMES.map((workload) =>
      benchRow(
        rows.filter((row) => row.workload === workload),
        repeats,
      ),
    );
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function benchRow(rows: readonly Summary[], repeats: number): Row {
  const of = (policy: string) => rows.find((row) => row.policy === policy)!;
  const [weighted, baseline] = [of("weighted_drop"), of(BASELINE)];
  return {
    what: `harm of a full inbox, ${weighted.workload}, ${repeats} repeats`,
    figure: `weighted_drop ${weighted.harm.toFixed(1)}`,
    beside: `${BASELINE} ${baseline.harm.toFixed(1)}`,
    ratio: baseline.harm / weighted.harm,
    command: `bun run bench fairness --repeats ${repeats}`,
  };
}
