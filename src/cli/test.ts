import * as fs from "node:fs";
import * as path from "node:path";
import { systemClock } from "../base/clock.ts";
import { MAX_CASE_MS, scratchFolder } from "../trial/index.ts";
import { refuseBunOptions } from "./bun_options.ts";
import { defineCommand, flag, UsageError } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { GRAPH_FLAGS } from "./graph_settings.ts";
import type { Terminal } from "./terminal.ts";
import { findTestFiles } from "./test_files.ts";
import { runTestJob, type TestJob } from "./test_job.ts";
import { runInProcesses } from "./test_process.ts";
import { isGreen, junitXml, testJson, testText } from "./test_report.ts";
import { Gathered } from "./test_results.ts";

const { plugins, "max-graph-bytes": maxGraphBytes } = GRAPH_FLAGS;

export const command = defineCommand({
  doc: "Runs *.test.yaml files: each case gives a graph packets, faults and time, and says what must come of it. Time is virtual, so an hour takes milliseconds; nothing is written outside a folder that is removed, and no network is reached, unless a case says so. docs/testing.md describes the files.",
  args: [{ name: "PATH", doc: "Test file, folder or glob.", many: true }],
  flags: {
    plugins,
    "max-graph-bytes": maxGraphBytes,
    filter: flag.text("NAME", "Only cases with this in their name."),
    update: flag.toggle("Write snapshot files that differ or are not there, of cases that hold otherwise."),
    "case-seconds": flag.amount("S", "Seconds on the wall that a case may take; 60 unless given."),
    "in-process": flag.toggle(
      "Run the cases in this process, as for a debugger: a node that never comes back hangs it.",
    ),
    coverage: flag.toggle("Also name the nodes and output ports that no packet passed."),
    junit: flag.text("FILE", "Write the results as JUnit XML; its folder is made."),
    json: flag.toggle("Print the results as JSON."),
  },
  examples: [
    ["schnitzel test graphs/", "Every test of a project."],
    ["schnitzel test yard.test.yaml --filter crash", "Some cases of one file."],
    ["schnitzel test graphs/ --junit results.xml --coverage", "For CI, and what no test looks at."],
    ["schnitzel test graphs/ --update", "After a change that is meant: keep what comes now."],
  ],
  exits: {
    [EXIT.ok]: "All cases hold.",
    [EXIT.failure]: "A case does not hold.",
    [EXIT.invalid]: "A test file or its graph has an error, no case has that name, or usage.",
  },
  async run({ args, flags, terminal }) {
    const refusal = refuseBunOptions(terminal.env);
    if (refusal !== undefined) {
      terminal.err(`schnitzel test ${refusal}\n`);
      return EXIT.precondition;
    }
    const startedMs = systemClock.monotonicMs();
    const files = findTestFiles(args, terminal.cwd);
    const report = flags.junit === undefined ? undefined : openReport(flags.junit, terminal);
    const gathered = await runJob(files, flags, terminal);
    if (gathered.refused !== undefined) return refused(gathered.refused, terminal);
    const results = gathered.results(systemClock.monotonicMs() - startedMs);
    if (report !== undefined) fs.writeFileSync(report, junitXml(results));
    const text = flags.json ? `${JSON.stringify(testJson(results), null, 2)}\n` : testText(results, flags);
    terminal.out(text);
    return isGreen(results) ? EXIT.ok : EXIT.failure;
  },
});

type Given = Pick<TestJob, "plugins" | "filter" | "update"> & {
  "max-graph-bytes": string | undefined;
  "case-seconds": number | undefined;
  "in-process": boolean;
};

/** What is written in memory must not stay there. */
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

async function runJob(files: readonly string[], flags: Given, terminal: Terminal): Promise<Gathered> {
  const { plugins, filter, update, "max-graph-bytes": maxGraphBytes, "case-seconds": seconds } = flags;
  if (seconds === 0) throw new UsageError("--case-seconds must be more than 0", "leave it out for 60 s");
  const maxCaseMs = seconds === undefined ? MAX_CASE_MS : seconds * 1_000;
  const scratch = scratchFolder();
  const job = { files, plugins, maxGraphBytes, filter, update, maxCaseMs, scratch };
  const gathered = new Gathered();
  const leave = (signal: "SIGINT" | "SIGTERM") => {
    fs.rmSync(scratch, { recursive: true, force: true });
    process.exit(signal === "SIGINT" ? 130 : 143);
  };
  for (const signal of SIGNALS) process.on(signal, leave);
  try {
    if (flags["in-process"]) await runTestJob({ ...job, skip: 0 }, terminal, (news) => gathered.hear(news));
    else await runInProcesses(job, gathered, terminal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, leave);
    fs.rmSync(scratch, { recursive: true, force: true });
  }
  return gathered;
}

function refused(refusal: NonNullable<Gathered["refused"]>, terminal: Terminal): number {
  if (refusal.news === "broken") return EXIT.invalid;
  if (refusal.usage) throw new UsageError(refusal.message, refusal.hint);
  terminal.err(`schnitzel test failed: ${refusal.message}\n`);
  return EXIT.failure;
}

/** Makes the file before anything runs: minutes of results must not find no place. */
function openReport(file: string, { cwd }: Terminal): string {
  const at = path.resolve(cwd, file);
  try {
    fs.mkdirSync(path.dirname(at), { recursive: true });
    fs.closeSync(fs.openSync(at, "a"));
    return at;
  } catch (error) {
    throw new UsageError(
      `cannot write --junit ${file}: ${(error as Error).message}`,
      "name a file that can be written",
    );
  }
}
