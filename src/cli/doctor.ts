import * as path from "node:path";
import type { CompileResult } from "../graph/index.ts";
import { columns } from "./columns.ts";
import { defineCommand, type FlagValues, flag } from "./command/index.ts";
import { counted } from "./counted.ts";
import { type Check, machineChecks } from "./doctor/checks.ts";
import { ffmpegCheck } from "./doctor/ffmpeg_check.ts";
import { inferenceCheck } from "./doctor/inference_check.ts";
import { thisMachine } from "./doctor/machine.ts";
import { modelChecks } from "./doctor/model_checks.ts";
import { pluginCheck } from "./doctor/plugin_check.ts";
import { EXIT } from "./exit.ts";
import { readOneGraph } from "./graph_files.ts";
import { GRAPH_FLAGS, GraphChecker, graphSettings } from "./graph_settings.ts";
import { printFindings } from "./run_plan.ts";
import type { Terminal } from "./terminal.ts";
import { buildFacts } from "./version.ts";

export const command = defineCommand({
  doc: "Looks at the system, its folders, disk, limits and clock, the plugins and the variables that matter. With a graph it also checks that, the files its nodes read and its models included. Nothing is changed.",
  args: [{ name: "GRAPH", doc: "Graph file that is to run here; - is standard input.", optional: true }],
  flags: { ...GRAPH_FLAGS, json: flag.toggle("Print the checks as JSON.") },
  examples: [
    ["schnitzel doctor", "Before the first run on a machine."],
    ["schnitzel doctor yard.yaml --json", "Would this graph run here?"],
  ],
  exits: { [EXIT.ok]: "No fault; there may be warnings.", [EXIT.precondition]: "A fault was found." },
  async run({ args: [file], flags, terminal }) {
    const { version, commit_date, target, bun } = buildFacts();
    const settings = graphSettings(flags, terminal);
    const beside = file === undefined || file === "-" ? terminal.cwd : path.dirname(path.resolve(terminal.cwd, file));
    const checks: Check[] = [
      { name: "schnitzel", status: "ok", detail: `${version} for ${target}, bun ${bun} inside` },
      ...machineChecks(thisMachine(terminal), commit_date),
      await ffmpegCheck(terminal.env),
      pluginCheck(settings.pluginsDir(beside)),
      await inferenceCheck(terminal.env),
      ...(file === undefined ? [] : await graphChecks(file, flags, terminal)),
    ];
    const faults = checks.filter(({ status }) => status === "fault").length;
    const ok = faults === 0;
    terminal.out(flags.json ? `${JSON.stringify({ schema_version: 1, ok, checks }, null, 2)}\n` : text(checks));
    return ok ? EXIT.ok : EXIT.precondition;
  },
});

async function graphChecks(file: string, flags: FlagValues<typeof GRAPH_FLAGS>, terminal: Terminal): Promise<Check[]> {
  const settings = graphSettings(flags, terminal);
  const { source, diagnostics } = await readOneGraph(file, settings.maxBytes, terminal);
  const result: Pick<CompileResult, "diagnostics" | "texts" | "plan"> =
    source === undefined
      ? { diagnostics, texts: {} }
      : await new GraphChecker(settings, terminal).check(source, { resources: true });
  printFindings(result.diagnostics, result.texts, terminal);
  const errors = result.diagnostics.filter(({ severity }) => severity === "error").length;
  const warnings = result.diagnostics.length - errors;
  const status = errors > 0 ? "fault" : warnings > 0 ? "warning" : "ok";
  const detail = `${file}: ${counted(errors, "error")}, ${counted(warnings, "warning")}`;
  const models = result.plan === undefined ? [] : await modelChecks(result.plan, terminal);
  return [{ name: "graph", status, detail }, ...models];
}

function text(checks: readonly Check[]): string {
  const rows = checks.map(({ name, status, detail, hint }) => [
    status,
    name,
    hint === undefined ? detail : `${detail} (${hint})`,
  ]);
  const count = (status: Check["status"]) => counted(checks.filter((check) => check.status === status).length, status);
  return `${columns(rows)}\n${count("fault")}, ${count("warning")}\n`;
}
