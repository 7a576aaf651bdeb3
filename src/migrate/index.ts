import * as path from "node:path";
import { compileGraph, type Diagnostic, type GraphSource, MAX_GRAPH_BYTES } from "../graph/index.ts";
import { childOf, Findings, listOf, loadRoot, type MapTree, SourceText, spotAt } from "../graph/raw.ts";
import type { Catalogue } from "../node/index.ts";
import { type MigrateContext, refuse } from "./context.ts";
import { glance, openDocument } from "./document.ts";
import { newGraphOfJob } from "./job/job.ts";
import { isVersionOne } from "./job/version.ts";
import { type LeftOut, LeftOuts, leftOutLine } from "./left_out.ts";
import { newGraph } from "./old_graph.ts";
import { newGraphOfProcesses } from "./process_graph.ts";
import { graphText, type WrittenGraph } from "./written.ts";

export { type LeftOut, leftOutLine } from "./left_out.ts";

/** What a file is: a version 1 job, a graph of processes, a graph with the predecessor's addresses, or one of ours. */
export type OldKind = "job" | "process_graph" | "graph" | "current";

export interface MigrateOptions {
  catalogue: Catalogue;
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** Of each file that is read besides; as for graphs when left out. */
  maxBytes?: number;
  /** File that the new graph is for; it is not written here. */
  target: string;
  /** What findings in the new graph say behind its name. */
  notThere?: string;
  /** Flags that the version 1 job was started with. */
  jobFlags?: readonly string[];
}

export interface Migration {
  kind: OldKind;
  /** The new graph; undefined when something is wrong. */
  text?: string;
  diagnostics: readonly Diagnostic[];
  /** Text by file name, for `formatDiagnostics`. */
  texts: Readonly<Record<string, string>>;
  leftOut: readonly LeftOut[];
  /** Flags of `schnitzel run` that say what the old file said. */
  flags: readonly string[];
}

/** What kind of file this is. `current` also stands for what cannot be read at all. */
export function kindOf(source: GraphSource, isLegacy: (plugin: string) => boolean): OldKind {
  const root = glance(source);
  if (root === undefined) return "current";
  const has = (key: string) => root.entries.has(key);
  if (has("processes") || (has("channels") && has("links"))) return "process_graph";
  // A job beside nodes, without a version, could be either: that is told with the job's other faults.
  if (isVersionOne(root) || (has("job") && (!has("version") || !looksLikeGraph(root)))) return "job";
  const plugins = listOf(root, "nodes").flatMap((node) => childOf(node, "plugin") ?? []);
  return plugins.some((plugin) => plugin.type === "scalar" && isLegacy(plugin.text.trim())) ? "graph" : "current";
}

const looksLikeGraph = (root: MapTree) => root.entries.has("nodes") || root.entries.has("edges");

/** False for what is neither an old file nor a graph, which is reported. */
function isGraph({ path: file, text, lineOffset }: GraphSource, context: MigrateContext): boolean {
  const root = loadRoot(new SourceText(file, text, lineOffset), context.findings);
  if (root === undefined) return false;
  if (looksLikeGraph(root) || root.entries.has("version")) return true;
  const message = `Cannot migrate the file as it is neither a job, nor a process graph, nor a graph: its keys are ${[...root.entries.keys()].join(", ")}`;
  const hint = "a job has version: 1 and job, a process graph has processes, channels and links, a graph has nodes";
  refuse(context, "MIGRATE_FILE", spotAt(root, []), [], message, hint);
  return false;
}

/** Makes a graph of ours out of a file of the predecessor. What it gives passes our own check. */
export async function migrate(source: GraphSource, options: MigrateOptions): Promise<Migration> {
  const kind = kindOf(source, (plugin) => options.catalogue.isLegacy(plugin));
  const secrets = new Set<string>();
  const context: MigrateContext = {
    ...{ secrets, maxBytes: options.maxBytes ?? MAX_GRAPH_BYTES },
    ...{ catalogue: options.catalogue, env: options.env, cwd: options.cwd },
    ...{ targetDir: path.dirname(path.resolve(options.cwd, options.target)), findings: new Findings() },
    ...{
      leftOuts: new LeftOuts(secrets),
      flags: new Set<string>(),
      told: new Set<string>(),
      texts: { [source.path]: source.text },
    },
  };
  if (kind === "current")
    return isGraph(source, context) ? { ...told(kind, context), text: source.text } : told(kind, context);
  const graph = await written(kind, source, context, options.jobFlags ?? []);
  if (graph === undefined || context.findings.errors > 0) return told(kind, context);
  const text = graphText({ ...graph, comments: [...header(source, context), ...graph.comments] });
  return { ...told(kind, context), ...(await checked(text, options, context)) };
}

async function written(kind: OldKind, source: GraphSource, context: MigrateContext, flags: readonly string[]) {
  const document = openDocument(source, context);
  if (document === undefined) return undefined;
  if (kind === "job") return newGraphOfJob(document, flags, context);
  const graph: WrittenGraph | undefined =
    kind === "graph" ? await newGraph(document, context) : await newGraphOfProcesses(document, context);
  return graph;
}

const told = (kind: OldKind, { findings, leftOuts, flags, texts }: MigrateContext) => ({
  ...{ kind, diagnostics: findings.list(), texts, leftOut: leftOuts.list, flags: [...flags].sort() },
});

function header({ path: file }: GraphSource, { leftOuts, flags }: MigrateContext): string[] {
  const run = flags.size === 0 ? [] : [`Run it with: ${[...flags].sort().join(" ")}`];
  const left = leftOuts.list.map((one) => `  ${leftOutLine(one)}`);
  const lost = left.length === 0 ? [] : ["Not as it was:", ...left];
  return [`Made by schnitzel migrate from ${path.basename(file)}.`, ...run, ...lost];
}

/** The check that every graph passes before it runs. */
async function checked(
  text: string,
  { target, catalogue, env, cwd, notThere = "not written" }: MigrateOptions,
  context: MigrateContext,
) {
  // Not the target's own name: no such file is there, or the old one is.
  const source = { text, path: `${target} (${notThere})`, baseDir: context.targetDir };
  const { plan, diagnostics, texts } = await compileGraph(source, { catalogue, env, compatCwd: cwd });
  const all = { diagnostics: [...context.findings.list(), ...diagnostics], texts: { ...context.texts, ...texts } };
  return plan === undefined ? all : { ...all, text };
}
