import * as fs from "node:fs";
import * as path from "node:path";
import type { Target } from "../drill/index.ts";
import type { FlagValues } from "./command/index.ts";
import demo from "./drill_demo.yaml" with { type: "text" };
import { type DrilledNodes, drilledNodes } from "./drilled_nodes.ts";
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
  const { source: into, sink } = drilledNodes(compiled.plan);
  return {
    name: file ?? "--demo",
    file: graph,
    source: { id: into.id, path: into.config.path },
    sink: { id: sink.id },
    comparesPayloads: file === undefined,
    headers: into.config.token === undefined ? {} : { authorization: `Bearer ${into.config.token}` },
    arguments: [...passedOn(flags, terminal), ...sinkArguments(sink)],
  };
}

/** By the header the backend knows packets, and it is on loopback. */
function sinkArguments({ id, config: { egress } }: DrilledNodes["sink"]): string[] {
  const set = (key: string, value: string) => ["--set", `nodes.${id}.config.${key}=${value}`];
  const header = set("idempotency_header", "Idempotency-Key");
  return egress === undefined ? header : [...header, ...set("egress", '{ allow: ["127.0.0.1"] }')];
}

function writeDemo(folder: string): string {
  const file = path.join(folder, "drill_demo.yaml");
  fs.writeFileSync(file, demo);
  return file;
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
    ...(flags.profile === undefined ? [] : ["--profile", flags.profile]),
    ...(size === undefined ? [] : ["--max-graph-bytes", size]),
  ];
}
