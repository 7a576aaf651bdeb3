import * as fs from "node:fs";
import * as path from "node:path";
import { didYouMean } from "../base/suggest.ts";
import { DEAD_LETTERS } from "../control/index.ts";
import { linkName } from "../engine/index.ts";
import type { GraphPlan } from "../graph/index.ts";
import { type FlagValues, flag, UsageError } from "./command/index.ts";
import { readOneGraph } from "./graph_files.ts";
import { GRAPH_FLAGS, GraphChecker, graphSettings } from "./graph_settings.ts";
import { outsideQueues } from "./outside_queues.ts";
import { graphOfQueue, type QueueGraph } from "./queue_graph.ts";
import { printFindings } from "./run_plan.ts";
import { edgeOfQueueFile, queueFileOf, type StateDir, stateDirOf } from "./state_dir.ts";
import type { Terminal } from "./terminal.ts";

export const GRAPH_ARGUMENT = {
  name: "GRAPH",
  doc: "A graph file, the name of a graph that ran, or a queue's own file.",
};
export const QUEUE_ARGUMENT = {
  name: "QUEUE",
  doc: "One of its queues, such as detect->alarms (quote it) or dead_letters; all of them without it.",
  optional: true,
};

/** For what is done to one queue. */
export const ONE_QUEUE_ARGUMENT = {
  ...QUEUE_ARGUMENT,
  doc: "One of its queues, such as detect->alarms (quote it) or dead_letters; may be left out where there is only one, or GRAPH is a queue's file.",
};

export const TARGET_FLAGS = {
  "state-dir": flag.text("DIR", "Where the graph keeps its state, as run was told."),
  ...GRAPH_FLAGS,
};

/** A queue's file, and what a person calls it. */
export interface QueueFile {
  name: string;
  file: string;
}

/** What a person named, found on the disk; nothing of it is open. */
export interface QueueTarget {
  /** For messages: the graph's name, or the file. */
  name: string;
  /** Undefined for a queue's own file. */
  dir: StateDir | undefined;
  plan: GraphPlan | undefined;
  /** Durable edges of the graph file whose queues no run has made yet. */
  unmade?: readonly QueueFile[];
  /** Of a queue's own file, the running graph that has it. */
  graph?: QueueGraph | undefined;
  /** Files that are there. */
  files: readonly QueueFile[];
  /** Files that the last run had outside of its state directory, and that are not there now. */
  missing: readonly QueueFile[];
}

/** A queue file whose name says which edge it belongs to. */
const SUFFIX = ".sqlite3";

/** Finds the queues that `given` names. Throws a UsageError that says what there is; `ofErrors` is what helps a graph with errors. */
export async function findTarget(
  given: string,
  flags: FlagValues<typeof TARGET_FLAGS>,
  terminal: Terminal,
  ofErrors = "name the graph instead of its file; only the name is needed to find its queues",
): Promise<QueueTarget> {
  const file = path.resolve(terminal.cwd, given);
  refuseFile(flags["state-dir"], terminal);
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (stat?.isFile() && isQueueFile(file)) {
    const graph = graphOfQueue(file, flags["state-dir"], terminal);
    return { name: given, dir: undefined, plan: undefined, graph, files: [{ name: given, file }], missing: [] };
  }
  if (stat?.isFile() || given === "-") {
    return ofPlan(await planOf(given, flags, terminal, ofErrors), flags, terminal);
  }
  return ofName(given, flags, terminal);
}

function refuseFile(base: string | undefined, { cwd }: Terminal) {
  const root = path.resolve(cwd, base ?? ".");
  if (base === undefined || fs.statSync(root, { throwIfNoEntry: false })?.isDirectory() !== false) return;
  throw new UsageError(`--state-dir must be a folder, and ${root} is a file`, "name the folder that run was told");
}

/** By its first bytes; one that was just made or emptied has none. */
function isQueueFile(file: string): boolean {
  if (/\.sqlite3(\.corrupt-[^/\\]*)?$/.test(file)) return true;
  const head = Buffer.alloc(16);
  const descriptor = fs.openSync(file, "r");
  try {
    fs.readSync(descriptor, head, 0, head.length, 0);
  } finally {
    fs.closeSync(descriptor);
  }
  return head.toString("latin1").startsWith("SQLite format 3");
}

async function planOf(
  given: string,
  flags: FlagValues<typeof TARGET_FLAGS>,
  terminal: Terminal,
  hint: string,
): Promise<GraphPlan> {
  const settings = graphSettings(flags, terminal);
  const read = await readOneGraph(given, settings.maxBytes, terminal);
  const checked =
    read.source === undefined
      ? { diagnostics: read.diagnostics, texts: {}, plan: undefined }
      : await new GraphChecker(settings, terminal).check(read.source);
  if (checked.plan !== undefined) return checked.plan;
  printFindings(checked.diagnostics, checked.texts, terminal);
  throw new UsageError(`graph ${given} has errors`, hint);
}

function ofPlan(plan: GraphPlan, flags: FlagValues<typeof TARGET_FLAGS>, terminal: Terminal): QueueTarget {
  const dir = stateDirOf(plan.name, flags["state-dir"], terminal);
  const own = plan.edges
    .filter(({ durable }) => durable !== undefined)
    .map((edge) => ({ name: linkName(plan, edge), file: queueFileOf(dir, plan, edge) }));
  const there = own.filter(({ file }) => fs.existsSync(file));
  if (there.length === 0 && !fs.existsSync(dir.path)) throw neverRan(plan.name, own.length, dir);
  const { files, missing } = kept(dir);
  const isOther = ({ file }: QueueFile) => !own.some((edge) => edge.file === file);
  return {
    ...{ name: plan.name, dir, plan, unmade: own.filter((edge) => !there.includes(edge)) },
    ...{ files: [...there, ...files.filter(isOther)], missing: missing.filter(isOther) },
  };
}

/** An answer such as "empty" would be believed by whoever named the wrong folder. */
function neverRan(name: string, durableEdges: number, dir: StateDir): UsageError {
  const needs = durableEdges > 0 ? "schnitzel run makes its queues" : "it has no durable edge, and needs no queue";
  return new UsageError(
    `${name} keeps nothing in ${dir.path}: it has not run there`,
    `${needs}; another folder is named with --state-dir, as run was told`,
  );
}

function ofName(name: string, flags: FlagValues<typeof TARGET_FLAGS>, terminal: Terminal): QueueTarget {
  const dir =
    /^[^/\\]+$/.test(name) && !name.startsWith(".") ? stateDirOf(name, flags["state-dir"], terminal) : undefined;
  if (dir !== undefined && fs.existsSync(dir.path)) return { name, dir, plan: undefined, ...kept(dir) };
  const root = path.dirname(stateDirOf("x", flags["state-dir"], terminal).path);
  const known = fs.existsSync(root) ? fs.readdirSync(root).sort() : [];
  const near = didYouMean(name, known);
  const there =
    known.length === 0 ? `nothing is kept in ${root}` : `in ${root} there is ${known.slice(0, 10).join(", ")}`;
  const hint = near === undefined ? `${there}; another folder is named with --state-dir` : `did you mean ${near}?`;
  throw new UsageError(`there is no file ${name}, and no graph of that name keeps anything`, hint);
}

/** In the state directory, and where its last run noted others. */
function kept(dir: StateDir): Pick<QueueTarget, "files" | "missing"> {
  const inside = filesIn(dir);
  const outside = outsideQueues(dir).filter(({ file }) => !inside.some((queue) => queue.file === file));
  const isThere = ({ file }: QueueFile) => fs.existsSync(file);
  return { files: [...outside.filter(isThere), ...inside], missing: outside.filter((queue) => !isThere(queue)) };
}

function filesIn(dir: StateDir): QueueFile[] {
  const names = fs.existsSync(dir.queues) ? fs.readdirSync(dir.queues).sort() : [];
  const queues = names
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => ({ name: edgeOfQueueFile(name), file: path.join(dir.queues, name) }));
  const letters = { name: DEAD_LETTERS, file: dir.deadLetters };
  return fs.existsSync(dir.deadLetters) ? [...queues, letters] : queues;
}

/** A damaged file that was moved aside, without those that lie beside it. */
export const isAside = (file: string) => /\.corrupt-[\dTZ-]+$/.test(file);

/** Where a file that was moved aside stood. */
export const originOf = (file: string) => file.replace(/\.corrupt-[\dTZ-]+$/, "");

/** Files that were moved aside as damaged, of one queue or of all. */
export function corruptFiles({ files, dir }: QueueTarget): string[] {
  const folders = new Set([
    ...files.map(({ file }) => path.dirname(file)),
    ...(dir === undefined ? [] : [dir.path, dir.queues]),
  ]);
  return [...folders].flatMap((folder) => {
    if (!fs.existsSync(folder)) return [];
    const found = fs.readdirSync(folder).filter(isAside);
    return found.map((name) => path.join(folder, name));
  });
}
