import * as fs from "node:fs";
import * as path from "node:path";
import { systemClock } from "../base/clock.ts";
import { compileGraph, readGraphFile } from "../graph/index.ts";
import { Coverage, type ReadTestFile, readTestFile, runCase, type TestCompile } from "../trial/index.ts";
import { refuseBunOptions } from "./bun_options.ts";
import { defineCommand, flag, UsageError } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { GRAPH_FLAGS, GraphChecker, graphSettings } from "./graph_settings.ts";
import { printFindings } from "./run_plan.ts";
import type { Terminal } from "./terminal.ts";
import { findTestFiles } from "./test_files.ts";
import { testMachine } from "./test_machine.ts";
import { type FileResult, isGreen, junitXml, type TestResults, testJson, testText } from "./test_report.ts";

const { plugins, "max-graph-bytes": maxGraphBytes } = GRAPH_FLAGS;

export const command = defineCommand({
  doc: "Runs *.test.yaml files: each case gives a graph packets, faults and time, and says what must come of it. Time is virtual, so an hour takes milliseconds; nothing is written outside a folder that is removed, and no network is reached, unless a case says so. docs/testing.md describes the files.",
  args: [{ name: "PATH", doc: "Test file, folder or glob.", many: true }],
  flags: {
    plugins,
    "max-graph-bytes": maxGraphBytes,
    filter: flag.text("NAME", "Only cases with this in their name."),
    update: flag.toggle("Write snapshot files that differ or are not there."),
    coverage: flag.toggle("Also name the nodes and output ports that no packet passed."),
    junit: flag.text("FILE", "Write the results as JUnit XML."),
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
    const settings = graphSettings({ ...flags, set: [], "env-file": undefined, profile: undefined }, terminal);
    const checker = new GraphChecker(settings, terminal);
    const read = await readAll(findTestFiles(args, terminal.cwd), settings.maxBytes, checker, terminal);
    if (read === undefined) return EXIT.invalid;
    const chosen = read.map((file) => ({
      ...file,
      cases: file.cases.filter(({ test }) => fits(test.name, flags.filter)),
    }));
    if (chosen.every(({ cases }) => cases.length === 0)) throw noCase(read, flags.filter);
    const ran = await runAll(chosen, flags.update, terminal);
    const results = { ...ran, tookMs: systemClock.monotonicMs() - startedMs };
    if (flags.junit !== undefined) fs.writeFileSync(path.resolve(terminal.cwd, flags.junit), junitXml(results));
    const text = flags.json ? `${JSON.stringify(testJson(results), null, 2)}\n` : testText(results, flags);
    terminal.out(text);
    return isGreen(results) ? EXIT.ok : EXIT.failure;
  },
});

const fits = (name: string, filter: string | undefined) => filter === undefined || name.includes(filter);

/** Undefined when one of them has an error, which is printed: a test that cannot be read has not passed. */
async function readAll(
  files: readonly string[],
  maxBytes: number,
  checker: GraphChecker,
  terminal: Terminal,
): Promise<ReadTestFile[] | undefined> {
  const read: ReadTestFile[] = [];
  let broken = false;
  for (const file of files) {
    const { source, diagnostics } = readGraphFile(file, { maxBytes });
    const one = source && (await readTestFile(source, (graph, options) => compile(graph, options, checker, maxBytes)));
    const found = one?.diagnostics ?? diagnostics ?? [];
    printFindings(found, one?.texts ?? {}, terminal);
    broken ||= found.some(({ severity }) => severity === "error");
    if (one !== undefined) read.push(one);
  }
  return broken ? undefined : read;
}

/** With the variables that the test names and no others: it means the same on every machine. */
function compile(
  graph: Parameters<typeof compileGraph>[0],
  { profile, ...test }: TestCompile,
  checker: GraphChecker,
  maxBytes: number,
) {
  const asked = profile === undefined ? {} : { profile: { name: profile, by: "--profile" as const } };
  return compileGraph(graph, { catalogue: checker.registry(graph.baseDir), maxBytes, ...test, ...asked });
}

function noCase(read: readonly ReadTestFile[], filter: string | undefined): UsageError {
  const names = read.flatMap(({ cases }) => cases.map(({ test }) => `"${test.name}"`));
  return new UsageError(`no case has "${filter}" in its name`, `there are ${names.slice(0, 8).join(", ")}`);
}

async function runAll(
  files: readonly ReadTestFile[],
  update: boolean,
  terminal: Terminal,
): Promise<Omit<TestResults, "tookMs">> {
  const coverage = new Map<string, Coverage>();
  const updated: string[] = [];
  const results: FileResult[] = [];
  for (const file of files) {
    const machine = testMachine(file.folder, terminal);
    const cases: FileResult["cases"][number][] = [];
    for (const read of file.cases) {
      const result = await runCase(read, machine, { folder: file.folder, update });
      cases.push(result);
      updated.push(...result.updated);
      const known = coverage.get(read.plan.path) ?? new Coverage();
      coverage.set(read.plan.path, known);
      if (result.outcome !== undefined) known.add(read.plan, result.outcome.captures);
    }
    await machine.close();
    results.push({ path: file.path, cases });
  }
  return { files: results, coverage, updated };
}
