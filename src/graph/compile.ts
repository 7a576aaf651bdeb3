import { toError } from "../base/to_error.ts";
import { type Catalogue, diskFiles } from "../node/index.ts";
import type { CellOptions } from "./blackboard.ts";
import { withSchemas } from "./cell_schemas.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { connect, type Draft } from "./draft.ts";
import { cellNamesIn, draftCells } from "./draft_cells.ts";
import { type DraftContext, draftNode } from "./draft_node.ts";
import { durableOptions } from "./durable.ts";
import type { GraphSource } from "./file.ts";
import { Findings } from "./findings.ts";
import { freezePlan } from "./freeze.ts";
import { nameOf } from "./graph_name.ts";
import { expandInterceptors, type ResolveInterceptor } from "./interceptors.ts";
import { loadRoot } from "./load_root.ts";
import { applyOverrides, SET_FILE } from "./overrides.ts";
import type { GraphPlan } from "./plan.ts";
import { Applied } from "./profile/apply.ts";
import { type AskedProfile, type Chosen, Profiles } from "./profile/profiles.ts";
import { type ReadGraph, readGraph } from "./read.ts";
import { Reader } from "./reader.ts";
import { hideSecrets } from "./redact.ts";
import { runRules } from "./rules/index.ts";
import { SourceText } from "./source_text.ts";
import { type Expanded, Expansion } from "./subgraph/expand.ts";
import { identityOf } from "./subgraph/identity.ts";
import type { UsedFiles } from "./subgraph/used_file.ts";
import { childOf, listOf, type MapTree, placeOf, spotAt, type Tree } from "./tree.ts";
import { Variables } from "./variables.ts";
import { checkVersion } from "./version.ts";

export interface CompileOptions {
  catalogue: Catalogue;
  /** The profile to run with, asked for outside of the graph; it wins over the graph's own `profile`. */
  profile?: AskedProfile | undefined;
  /** Longest text of a file that nodes bring in; {@link MAX_GRAPH_BYTES} unless given. */
  maxBytes?: number;
  /** Environment for `${VAR}`: the process's own, then what `--env-file` says. Default: none. */
  env?: Readonly<Record<string, string | undefined>>;
  /** `path=value` from the command line. */
  set?: readonly string[];
  /** Second place for `${file:…}` in graphs of the predecessor, whose paths started at the current directory. */
  compatCwd?: string;
  /** Ids of sources that something else stands for: they do no work of the nodes behind them. */
  standIns?: readonly string[];
  /** Also look whether the files that nodes read are there; `warning`: one that is missing does not refuse the graph. */
  resources?: boolean | "warning";
}

export interface CompileResult {
  /** Present only when no diagnostic is an error. */
  plan?: GraphPlan;
  /** Sorted by place. */
  diagnostics: Diagnostic[];
  /** The graph's text, as it came. */
  text: string;
  /** Text by file name, for `formatDiagnostics`: the graph, the files it brings in, and the `--set`s if there are any. */
  texts: Record<string, string>;
  /** Values that came from `${file:…}` or a secret variable, to be hidden from logs and reports. */
  secrets: readonly string[];
  /** Files that the graph brings in, absolute; those that are not there too, and also when it has errors. */
  files?: readonly string[];
}

/** Checks a graph and freezes it into a plan. Never throws: a fault of ours is the diagnostic `INTERNAL`. */
export async function compileGraph(source: GraphSource, options: CompileOptions): Promise<CompileResult> {
  const compiler = new Compiler(source, options);
  const { text } = source;
  try {
    const plan = await compiler.compile();
    const diagnostics = compiler.diagnostics();
    const { texts, secrets, files } = compiler;
    return { ...(plan ? { plan } : {}), diagnostics, text, texts, secrets, files };
  } catch (error) {
    const { name, message } = toError(error);
    compiler.findings.add({
      code: "INTERNAL",
      severity: "error",
      message: `Cannot check the graph as schnitzel itself failed: ${name}: ${message}`,
      place: { file: source.path, line: 1, column: 1 },
      hint: "please report this with the graph",
    });
    return { diagnostics: compiler.diagnostics(), text, texts: compiler.texts, secrets: compiler.secrets };
  }
}

class Compiler {
  readonly findings = new Findings();
  readonly texts: Record<string, string>;
  files: readonly string[] = [];
  readonly #source: GraphSource;
  readonly #options: CompileOptions;
  readonly #text: SourceText;
  readonly #secrets = new Set<string>();

  constructor(source: GraphSource, options: CompileOptions) {
    this.#source = source;
    this.#options = options;
    this.#text = new SourceText(source.path, source.text, source.lineOffset);
    this.texts = { [source.path]: source.text };
  }

  get secrets(): string[] {
    return [...this.#secrets];
  }

  /** What was found, without the secrets that were filled in. */
  diagnostics(): Diagnostic[] {
    const hide = (text: string) => hideSecrets(text, this.#secrets);
    return this.findings.list().map((diagnostic) => ({
      ...diagnostic,
      message: hide(diagnostic.message),
      ...(diagnostic.hint === undefined ? {} : { hint: hide(diagnostic.hint) }),
    }));
  }

  async compile(): Promise<GraphPlan | undefined> {
    const root = loadRoot(this.#text, this.findings);
    if (!root) return undefined;
    this.#override(root);
    const compat = this.#isCompat(root);
    const variables = this.#variables(root, compat, this.findings);
    const resolved = variables.resolve(root) as MapTree;
    for (const secret of variables.secrets) this.#secrets.add(secret);
    if (!checkVersion(resolved, compat, this.findings)) return undefined;
    const profiles = new Profiles(resolved, new Reader(false, this.findings));
    const profile = profiles.choose(this.#options.profile);
    const applied = new Applied(profile);
    const graph = readGraph(applied.toGraph(resolved), compat, this.findings);
    const expansion = this.#expansion(applied);
    const { baseDir } = this.#source;
    const board = await withSchemas(graph.cells, { root: resolved, baseDir, findings: this.findings });
    const draft = await this.#draft(graph, expansion.expand(graph), resolved, compat, board.cells, profile);
    Object.assign(this.texts, profiles.texts, expansion.files.texts);
    this.files = expansion.files.asked;
    runRules(draft, this.findings);
    if (this.findings.errors > 0) return undefined;
    applied.tellUnused(this.findings);
    const head = this.#head(graph, [...expansion.files.read, ...board.files], compat);
    return freezePlan(profile ? { ...head, profile: profile.name } : head, draft, this.#options.standIns);
  }

  #head({ name, http, event_time, checkpoint }: ReadGraph, used: UsedFiles["read"], compat: boolean) {
    const { path: file, baseDir } = this.#source;
    const { hash, files } = identityOf(this.#source, used);
    const kept = checkpoint === undefined ? {} : { checkpoint };
    const written = { ...(http ? { http } : {}), ...(event_time ? { event_time } : {}), ...kept };
    return { name: name ?? nameOf(file), path: file, baseDir, compat, hash, files, ...written };
  }

  #expansion(applied: Applied): Expansion {
    const { env = {}, maxBytes, catalogue } = this.#options;
    return new Expansion({
      source: this.#source,
      env,
      maxBytes,
      findings: this.findings,
      isLegacy: (plugin) => catalogue.isLegacy(plugin),
      addSecret: (text) => this.#secrets.add(text),
      prepare: (root, prefix) => applied.toParts(root, prefix),
    });
  }

  #override(root: MapTree) {
    const { set = [] } = this.#options;
    if (set.length === 0) return;
    const { text, secrets } = applyOverrides(root, set, this.findings);
    this.texts[SET_FILE] = text;
    for (const secret of secrets) this.#secrets.add(secret);
  }

  #variables(root: Tree, compat: boolean, findings: Findings): Variables {
    const { env = {}, compatCwd } = this.#options;
    return new Variables({
      root,
      env,
      dialect: compat ? "python" : "yaml12",
      baseDir: this.#source.baseDir,
      ...(compat && compatCwd !== undefined ? { fallbackDir: compatCwd } : {}),
      findings,
    });
  }

  /** One address of the predecessor is enough; it may come from a variable. */
  #isCompat(root: MapTree): boolean {
    const plugins = listOf(root, "nodes").flatMap((node) => childOf(node, "plugin") ?? []);
    // A trial: faults are reported when the variables are filled in for good.
    const trial = this.#variables(root, true, new Findings());
    return plugins.some((plugin) => {
      if (plugin.type !== "scalar") return false;
      const filled = plugin.text.includes("${") ? trial.resolve(plugin) : plugin;
      return filled.type === "scalar" && this.#options.catalogue.isLegacy(filled.text.trim());
    });
  }

  async #draft(
    graph: ReadGraph,
    parts: Expanded,
    root: MapTree,
    compat: boolean,
    cells: readonly CellOptions[],
    profile?: Chosen,
  ): Promise<Draft> {
    const { catalogue } = this.#options;
    await catalogue.prepare([...new Set([...parts.nodes, ...graph.interceptors].map(({ plugin }) => plugin))]);
    const { findings } = this;
    const context = { catalogue, compat, findings, delivery: graph.delivery, ...this.#files(compat) };
    const nodes = parts.nodes.map((node, index) => draftNode(node, index, context));
    const draft = {
      compat,
      place: placeOf(spotAt(root, ["nodes"], "key")),
      nodes,
      edges: connect(nodes, parts.edges, graph.durable && durableOptions(profile?.values.durable ?? true)),
      cells: draftCells(cells, root),
      cellNames: cellNamesIn(root),
      exposed: parts.exposed,
      unreadIds: parts.unreadIds,
      incomplete: parts.incomplete,
    };
    const intercept: ResolveInterceptor = (one, id) =>
      draftNode({ ...one, index: -1, id, kind: undefined }, -1, context);
    return expandInterceptors(draft, graph.interceptors, intercept, this.findings);
  }

  #files(compat: boolean): Pick<DraftContext, "files" | "missing"> {
    const { resources = false, compatCwd } = this.#options;
    const fallback = compat && compatCwd !== undefined ? { fallback: compatCwd } : {};
    const missing = resources === "warning" ? "warning" : "error";
    return resources ? { files: diskFiles({ base: this.#source.baseDir, ...fallback }), missing } : {};
  }
}
