import * as fs from "node:fs";
import * as path from "node:path";
import { schnitzel } from "../measure.ts";
import { expectedByGroup, type Figures, figuresOf, type Line } from "./figures.ts";
import { graphOf, POLICIES, type Policy, seedOf, WORKLOAD_NAMES, type WorkloadName } from "./grid.ts";

export interface Trial {
  policy: Policy;
  workload: WorkloadName;
  repeat: number;
  seed: number;
  failed: boolean;
  figures: Figures;
}

/** Every policy on every workload, `repeats` times; policies take turns, so that noise meets all of them alike. */
export function runTrials(repeats: number, folder: string, tell: (done: number, all: number) => void): Trial[] {
  const trials: Trial[] = [];
  const all = repeats * WORKLOAD_NAMES.length * POLICIES.length;
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const workload of WORKLOAD_NAMES) {
      for (const policy of POLICIES) {
        trials.push(runTrial(policy, workload, repeat, folder));
        tell(trials.length, all);
      }
    }
  }
  return trials;
}

function runTrial(policy: Policy, workload: WorkloadName, repeat: number, folder: string): Trial {
  const seed = seedOf(workload, repeat);
  const [graph, lines, report] = ["graph.json", "lines.jsonl", "report.json"].map((name) => path.join(folder, name));
  fs.writeFileSync(graph!, JSON.stringify(graphOf(policy, workload, seed, lines!)));
  const ran = Bun.spawnSync([
    ...schnitzel("run", graph!, "--report", report!, "--log-level", "off", "--state-dir", folder),
  ]);
  // A full inbox may end the run, which is what the policy `fail` is for; anything else is a fault of the bench.
  if (!ran.success && !(policy === "fail" && ran.exitCode === 1)) throw new Error(`the run failed: ${ran.stderr}`);
  const { metrics, duration_ms } = readReport(report!);
  const total = metrics["node.source.expected_total"]!;
  const result = {
    lines: readLines(lines!),
    expected: expectedByGroup(workload, seed, total),
    dropped: metrics["packets.dropped_total"] ?? 0,
    seconds: duration_ms / 1_000,
    failed: !ran.success,
  };
  return { policy, workload, repeat, seed, failed: result.failed, figures: figuresOf(result) };
}

const readReport = (file: string) =>
  JSON.parse(fs.readFileSync(file, "utf8")) as { metrics: Record<string, number>; duration_ms: number };

const readLines = (file: string): Line[] =>
  fs
    .readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
