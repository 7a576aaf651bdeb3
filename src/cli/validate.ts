import type { Diagnostic, GraphPlan } from "../graph/index.ts";
import { formatDiagnostics } from "../graph/index.ts";
import { defineCommand, flag, UsageError } from "./command/index.ts";
import { counted } from "./counted.ts";
import { EXIT } from "./exit.ts";
import { type FoundFiles, findGraphs, type GraphFile } from "./graph_files.ts";
import { GRAPH_FLAGS, GraphChecker, graphSettings } from "./graph_settings.ts";
import type { CheckedQueue } from "./queue_check.ts";
import type { Terminal } from "./terminal.ts";

/** What became of one file. */
interface Checked {
  path: string;
  ok: boolean;
  diagnostics: readonly Diagnostic[];
  plans: readonly GraphPlan[];
  /** With `--queues`. */
  queues?: readonly CheckedQueue[];
  queueLines?: string;
  /** Texts that the findings point into. */
  texts: Readonly<Record<string, string>>;
}

export const command = defineCommand({
  doc: `A folder is searched for .yaml, .yml, .json and .md files that hold graphs; what does not look like one is skipped and named. In Markdown every fenced yaml block with nodes is a graph, unless it is marked "yaml no-check". Findings go to stderr, one line per file to stdout.`,
  args: [{ name: "PATH", doc: "File, folder or glob; - is standard input.", many: true }],
  flags: {
    ...GRAPH_FLAGS,
    strict: flag.toggle("Also look for the files that nodes read."),
    queues: flag.toggle("Also look into the queue files the graph would open; none is changed or made."),
    "state-dir": flag.text("DIR", "Where the graph keeps its state, for --queues."),
    json: flag.toggle("Print findings and summary as JSON on stdout."),
  },
  examples: [
    ["schnitzel validate graphs/yard.yaml", "One graph, every finding at once."],
    ["schnitzel validate graphs/ README.md --json", "Every graph of a project, also those its docs show."],
    [
      "schnitzel validate yard.yaml --queues",
      "Before an upgrade: rows, dead letters, version and damage of its files.",
    ],
    ["schnitzel validate yard.yaml --set vars.rate=5 --strict", "With that value, and with the files it reads."],
  ],
  exits: {
    [EXIT.ok]: "No graph has an error.",
    [EXIT.invalid]: "A graph has an error, with --queues also: a queue is damaged or cannot be used; or usage.",
  },
  async run({ args, flags, terminal }) {
    const settings = graphSettings(flags, terminal);
    const checker = new GraphChecker(settings, terminal);
    const found = await findGraphs(args, settings.maxBytes, terminal);
    if (found.files.length === 0) throw nothingFound(found);
    const checked: Checked[] = [];
    for (const file of found.files) {
      const result = await check(file, checker, flags.strict);
      checked.push(flags.queues ? await withQueues(result, flags["state-dir"], terminal) : result);
    }
    if (flags.json) terminal.out(`${JSON.stringify(asJson(checked, found.skipped), null, 2)}\n`);
    else print(checked, found.skipped, terminal);
    return checked.every(({ ok }) => ok) ? EXIT.ok : EXIT.invalid;
  },
});

const nothingFound = ({ skipped }: FoundFiles) =>
  new UsageError(
    "found no graph",
    skipped.length === 0 ? undefined : `${skipped[0]!.path} is skipped: ${skipped[0]!.reason}`,
  );

async function check(file: GraphFile, checker: GraphChecker, resources: boolean): Promise<Checked> {
  const diagnostics = [...file.diagnostics];
  const plans: GraphPlan[] = [];
  let texts: Record<string, string> = {};
  for (const graph of file.graphs) {
    const result = await checker.check(graph, { resources });
    texts = { ...texts, ...result.texts };
    diagnostics.push(...result.diagnostics);
    if (result.plan !== undefined) plans.push(result.plan);
  }
  // Of Markdown the compiler saw only the blocks.
  if (file.text !== undefined) texts[file.path] = file.text;
  const ok = diagnostics.every(({ severity }) => severity !== "error");
  return { path: file.path, ok, diagnostics, plans, texts };
}

/** A fault in a queue is one of the graph: it could not run as it stands. */
async function withQueues(checked: Checked, base: string | undefined, terminal: Terminal): Promise<Checked> {
  // Loaded only here: most graphs are checked without the store.
  const { checkQueues, isSound, queueLine } = await import("./queue_check.ts");
  const queues = checked.plans.flatMap((plan) => checkQueues(plan, base, terminal));
  const queueLines = queues.map(queueLine).join("");
  return { ...checked, queues, queueLines, ok: checked.ok && queues.every(isSound) };
}

function summarize(checked: readonly Checked[], skipped: number) {
  const all = checked.flatMap(({ diagnostics }) => diagnostics);
  const errors = all.filter(({ severity }) => severity === "error").length;
  return { files: checked.length, errors, warnings: all.length - errors, skipped };
}

function asJson(checked: readonly Checked[], skipped: FoundFiles["skipped"]) {
  const files = checked.map(({ path, ok, diagnostics, queues }) => ({
    ...{ path, ok, diagnostics },
    ...(queues === undefined ? {} : { queues }),
  }));
  return { schema_version: 1, files, skipped, summary: summarize(checked, skipped.length) };
}

function print(checked: readonly Checked[], skipped: FoundFiles["skipped"], { out, err, color }: Terminal) {
  for (const { diagnostics, texts } of checked) {
    if (diagnostics.length > 0) err(`${formatDiagnostics(diagnostics, { texts, color })}\n\n`);
  }
  for (const { path, reason } of skipped) err(`skipped ${path}: ${reason}\n`);
  for (const file of checked) {
    out(`${file.path}: ${verdict(file)}\n${file.queueLines ?? ""}`);
  }
  if (checked.length > 1) {
    const { files, errors, warnings } = summarize(checked, skipped.length);
    out(`${files} files: ${counted(errors, "error")}, ${counted(warnings, "warning")}\n`);
  }
}

function verdict({ ok, diagnostics, plans }: Checked): string {
  const { errors, warnings } = summarize([{ diagnostics } as Checked], 0);
  if (!ok && errors > 0) return `${counted(errors, "error")}, ${counted(warnings, "warning")}`;
  if (!ok) return "a queue cannot be used";
  const parts = [
    ...(plans.length === 1 ? [] : [counted(plans.length, "graph")]),
    counted(
      sum(plans, ({ nodes }) => nodes.length),
      "node",
    ),
    counted(
      sum(plans, ({ edges }) => edges.length),
      "edge",
    ),
    ...(warnings === 0 ? [] : [counted(warnings, "warning")]),
  ];
  return `ok, ${parts.join(", ")}`;
}

const sum = <Item>(items: readonly Item[], size: (item: Item) => number) =>
  items.reduce((total, item) => total + size(item), 0);
