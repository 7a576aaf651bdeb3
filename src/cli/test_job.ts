import { systemClock } from "../base/clock.ts";
import { newHeart, startWatchdog } from "../engine/index.ts";
import { compileGraph, type Place, readGraphFile } from "../graph/index.ts";
import { type CaseResult, type ReadTestFile, readTestFile, runCase, type TestCompile } from "../trial/index.ts";
import { UsageError } from "./command/index.ts";
import { GraphChecker, graphSettings } from "./graph_settings.ts";
import { printFindings } from "./run_plan.ts";
import type { Terminal } from "./terminal.ts";
import { testMachine } from "./test_machine.ts";

/** What a process is to run. */
export interface TestJob {
  readonly files: readonly string[];
  readonly plugins: string | undefined;
  readonly maxGraphBytes: string | undefined;
  readonly filter: string | undefined;
  readonly update: boolean;
  readonly maxCaseMs: number;
  /** Folder for what cases write; whoever gave it removes it. */
  readonly scratch: string;
  /** Cases at the beginning that were run already. */
  readonly skip: number;
}

export interface ListedCase {
  readonly name: string;
  readonly place: Place;
}

export interface ListedFile {
  readonly path: string;
  readonly cases: readonly ListedCase[];
}

/** What a process tells while it works. `at` counts cases over all files. */
export type TestNews =
  | { readonly news: "read" }
  /** A file has an error, which is printed: nothing is run. */
  | { readonly news: "broken" }
  /** Nothing can be run, as usage or schnitzel itself is at fault. */
  | { readonly news: "failed"; readonly message: string; readonly hint?: string | undefined; readonly usage: boolean }
  | { readonly news: "list"; readonly files: readonly ListedFile[] }
  | { readonly news: "begin"; readonly at: number }
  | { readonly news: "done"; readonly at: number; readonly graph: string; readonly result: CaseResult }
  | { readonly news: "stuck"; readonly node: string }
  | { readonly news: "end" };

/** How to tell that a node does not come back, when nothing else can be told any more. */
export type TellStuck = (news: { news: "stuck"; node: string }) => string;

/** A node that holds the thread for longer is named; three beats of the watchdog at least. */
const STUCK_SEC = (maxCaseMs: number) => Math.max(3, maxCaseMs / 2_000);

/** Reads and checks all files, then runs their cases one by one. With `stuck` a node that never comes back ends the process. */
export async function runTestJob(job: TestJob, terminal: Terminal, tell: (news: TestNews) => void, stuck?: TellStuck) {
  const flags = { plugins: job.plugins, "max-graph-bytes": job.maxGraphBytes };
  const settings = graphSettings({ ...flags, set: [], "env-file": undefined, profile: undefined }, terminal);
  const checker = new GraphChecker(settings, terminal);
  const read = await readAll(job.files, settings.maxBytes, checker, terminal, () => tell({ news: "read" }));
  if (read === undefined) return tell({ news: "broken" });
  const chosen = read.map((file) => ({ ...file, cases: file.cases.filter(({ test }) => fits(test.name, job.filter)) }));
  if (chosen.every(({ cases }) => cases.length === 0)) throw noCase(read, job.filter);
  tell({ news: "list", files: chosen.map(listed) });
  await runAll(chosen, job, terminal, tell, stuck);
  tell({ news: "end" });
}

const fits = (name: string, filter: string | undefined) => filter === undefined || name.includes(filter);

const listed = ({ path, cases }: ReadTestFile): ListedFile => ({
  path,
  cases: cases.map(({ test, place }) => ({ name: test.name, place: place(["name"]) })),
});

/** Undefined when one of them has an error, which is printed: a test that cannot be read has not passed. */
async function readAll(
  files: readonly string[],
  maxBytes: number,
  checker: GraphChecker,
  terminal: Terminal,
  onRead: () => void,
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
    onRead();
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
  { maxCaseMs, scratch, update, skip }: TestJob,
  terminal: Terminal,
  tell: (news: TestNews) => void,
  stuck: TellStuck | undefined,
) {
  const heart = newHeart();
  const report = stuck?.({ news: "stuck", node: "$NODE" }) ?? "";
  const watched = { clock: systemClock, heart, nodes: [], exitSec: STUCK_SEC(maxCaseMs), report };
  const watchdog = stuck && startWatchdog(watched);
  let at = 0;
  for (const file of files) {
    const machine = testMachine(file.folder, { maxCaseMs, scratch, heart }, terminal);
    for (const read of file.cases) {
      const own = at++;
      if (own < skip) continue;
      watchdog?.follow({ nodes: read.plan.nodes.map(({ id }) => id), report });
      tell({ news: "begin", at: own });
      const result = await runCase(read, machine, { folder: file.folder, update });
      tell({ news: "done", at: own, graph: read.plan.path, result });
    }
    await machine.close();
  }
  watchdog?.stop();
}
