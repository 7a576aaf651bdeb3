import * as path from "node:path";
import { type LeftOut, leftOutLine, type Migration, migrate } from "../migrate/index.ts";
import { defineCommand, flag, UsageError } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { readOneGraph, STDIN } from "./graph_files.ts";
import { GRAPH_FLAGS, GraphChecker, graphSettings } from "./graph_settings.ts";
import { printFindings } from "./run_plan.ts";
import { writeNewFiles } from "./write_files.ts";

const { "env-file": envFile, plugins, "max-graph-bytes": maxGraphBytes } = GRAPH_FLAGS;

export const command = defineCommand({
  doc: "Reads version 1 job files with their configs/, AI_* variables and flags (behind --), process graphs with the graphs they name, and version 2 graphs with old addresses, and makes one graph of ours. It passes the check of schnitzel validate, or nothing is written. What it cannot say as it was stands at its top, with place and reason. Nothing is ever overwritten.",
  args: [
    { name: "OLD", doc: "The old file; - is standard input." },
    {
      name: "-- FLAG",
      doc: "Flags that the version 1 job was started with, such as --camera-id cam01.",
      optional: true,
      many: true,
    },
  ],
  flags: {
    write: flag.toggle("Write the graph beside the old file, old.v2.yaml for old.yaml, instead of on stdout."),
    out: flag.text("FILE", "Write it there."),
    json: flag.toggle("Print what became of it as JSON, with the graph's text."),
    "env-file": envFile,
    plugins,
    "max-graph-bytes": maxGraphBytes,
  },
  examples: [
    ["schnitzel migrate legacy_pipeline.yaml", "Look at the graph, and at what differs."],
    ["schnitzel migrate legacy_pipeline.yaml --write -- --camera-id cam02 --dry-run", "As the job was started."],
    ["schnitzel migrate old_graph.yaml --out graphs/yard.yaml", "Old names become ours."],
  ],
  exits: { [EXIT.invalid]: "The old file has an error, or its graph would have one; a file is in the way; or usage." },
  async run({ args: [file, ...jobFlags], flags, terminal }) {
    const settings = graphSettings({ ...flags, set: [], profile: undefined }, terminal);
    const { source, diagnostics } = await readOneGraph(file!, settings.maxBytes, terminal);
    if (source === undefined) {
      printFindings(diagnostics, {}, terminal);
      return EXIT.invalid;
    }
    const { maxBytes } = settings;
    const target = flags.out ?? besides(source.path, flags.write);
    const catalogue = new GraphChecker(settings, terminal).registry(source.baseDir);
    const made = await migrate(source, { catalogue, env: settings.env, cwd: terminal.cwd, target, jobFlags, maxBytes });
    const writes = (flags.write || flags.out !== undefined) && made.text !== undefined && made.kind !== "current";
    if (writes) writeNewFiles([{ path: target, text: made.text! }], undefined, terminal);
    if (flags.json) terminal.out(`${JSON.stringify(asJson(file!, made, writes ? target : null), null, 2)}\n`);
    else tell(file!, made, writes ? target : undefined);
    return made.text === undefined ? EXIT.invalid : EXIT.ok;

    function tell(old: string, { kind, text, diagnostics, texts, leftOut, flags: run }: Migration, written?: string) {
      printFindings(diagnostics, texts, terminal);
      if (text !== undefined) for (const one of leftOut) terminal.err(`${leftOutLine(one)}\n`);
      if (text === undefined) return terminal.err(`${old} is not migrated\n`);
      if (kind === "current") return terminal.err(`${old} needs no migration\n`);
      if (written === undefined) return terminal.out(text);
      terminal.out(`wrote ${written}\nnext:\n  ${["schnitzel run", written, ...run].join(" ")}\n`);
    }
  },
});

/** `old.v2.yaml` for `old.yaml`. */
function besides(file: string, write: boolean): string {
  const { dir, name, ext } = path.parse(file);
  if (file !== STDIN) return path.join(dir, `${name}.v2${ext === ".yml" ? ".yml" : ".yaml"}`);
  if (!write) return "graph.yaml";
  throw new UsageError("there is no place beside standard input", "give --out FILE");
}

function asJson(file: string, { kind, text, diagnostics, leftOut, flags }: Migration, written: string | null) {
  const left_out = leftOut.map(({ key, reason, place }: LeftOut) => ({ key, reason, place }));
  return {
    schema_version: 1,
    file,
    kind,
    ok: text !== undefined,
    written,
    run_flags: flags,
    left_out,
    diagnostics,
    graph: text ?? null,
  };
}
