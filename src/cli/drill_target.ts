import * as fs from "node:fs";
import * as path from "node:path";
import type { Target } from "../drill/index.ts";
import type { GraphPlan } from "../graph/index.ts";
import { type FlagValues, UsageError } from "./command/index.ts";
import demo from "./drill_demo.yaml" with { type: "text" };
import { readOneGraph } from "./graph_files.ts";
import { type GRAPH_FLAGS, GraphChecker, graphSettings } from "./graph_settings.ts";
import { printFindings } from "./run_plan.ts";
import type { Terminal } from "./terminal.ts";

/** The graph to drill, found fit for it; undefined when it has errors, which are printed. `folder` takes the demo. */
export async function drillTarget(
  file: string | undefined,
  folder: string,
  flags: FlagValues<typeof GRAPH_FLAGS>,
  terminal: Terminal,
): Promise<Target | undefined> {
  const graph = file === undefined ? writeDemo(folder) : path.resolve(terminal.cwd, file);
  const settings = graphSettings(flags, terminal);
  const { source, diagnostics } = await readOneGraph(graph, settings.maxBytes, terminal);
  if (source === undefined) {
    printFindings(diagnostics, {}, terminal);
    return undefined;
  }
  const compiled = await new GraphChecker(settings, terminal).check(source);
  printFindings(compiled.diagnostics, compiled.texts, terminal);
  if (compiled.plan === undefined) return undefined;
  const into = onlyNode(compiled.plan, "http_source", "the drill posts packets to it");
  const outOf = onlyNode(compiled.plan, "http_sink", "the drill takes its deliveries");
  return {
    name: file ?? "--demo",
    file: graph,
    source: { id: into.id, path: (into.config as { path: string }).path },
    sink: { id: outOf.id },
    comparesPayloads: file === undefined,
    arguments: passedOn(flags, terminal),
  };
}

function writeDemo(folder: string): string {
  const file = path.join(folder, "drill_demo.yaml");
  fs.writeFileSync(file, demo);
  return file;
}

function onlyNode({ nodes }: GraphPlan, name: string, why: string) {
  const found = nodes.filter(({ definition }) => definition.name === name);
  if (found.length === 1) return found[0]!;
  const ids = found.map(({ id }) => id).join(", ");
  throw new UsageError(
    `cannot drill this graph as it has ${found.length === 0 ? `no ${name}` : `${found.length} nodes ${name}: ${ids}`}`,
    `a graph under drill has exactly one ${name}: ${why}`,
  );
}

function passedOn(flags: FlagValues<typeof GRAPH_FLAGS>, { cwd }: Terminal): string[] {
  const at = (name: "env-file" | "plugins") => {
    const given = flags[name];
    return given === undefined ? [] : [`--${name}`, path.resolve(cwd, given)];
  };
  const size = flags["max-graph-bytes"];
  return [
    ...flags.set.flatMap((set) => ["--set", set]),
    ...at("env-file"),
    ...at("plugins"),
    ...(size === undefined ? [] : ["--max-graph-bytes", size]),
  ];
}
