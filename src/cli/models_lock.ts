import * as fs from "node:fs";
import * as path from "node:path";
import type { GraphPlan } from "../graph/index.ts";
import { findModel, formatLock, LOCK_FILE, type LockEntry, type ModelStore, readLock } from "../inference/index.ts";
import { diskFiles, modelIn } from "../node/index.ts";
import { defineCommand, flag } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { readOneGraph } from "./graph_files.ts";
import { GRAPH_FLAGS, GraphChecker, graphSettings } from "./graph_settings.ts";
import { MODEL_FLAGS, modelPlaces, modelStore, printJson } from "./model_store.ts";
import { printFindings } from "./run_plan.ts";

export const command = defineCommand({
  doc: "Writes models.lock.yaml beside the graph: each model that it names, and the SHA-256 of the bytes that name means now. From then on no other bytes are used. Models of other graphs in the same folder stay locked.",
  args: [{ name: "GRAPH", doc: "Graph file." }],
  flags: {
    check: flag.toggle("Write nothing; tell whether the lock is up to date."),
    ...MODEL_FLAGS,
    ...GRAPH_FLAGS,
  },
  examples: [
    ["schnitzel models lock graphs/people_in_zone.yaml", "Pin what it uses."],
    ["schnitzel models lock yard.yaml --check", "For CI."],
  ],
  exits: { [EXIT.failure]: "A model is not there; with --check also: the lock is not up to date." },
  async run({ args: [file = ""], flags, terminal }) {
    const settings = graphSettings(flags, terminal);
    const { source, diagnostics } = await readOneGraph(file, settings.maxBytes, terminal);
    if (source === undefined) {
      printFindings(diagnostics, {}, terminal);
      return EXIT.invalid;
    }
    const { plan, texts, ...compiled } = await new GraphChecker(settings, terminal).check(source);
    printFindings(compiled.diagnostics, texts, terminal);
    if (plan === undefined) return EXIT.invalid;
    const { models, faults } = await lockOf(plan, modelStore(flags.models, terminal));
    for (const fault of faults) terminal.err(`${fault}\n`);
    if (faults.length > 0) return EXIT.failure;
    const lock = path.join(plan.baseDir, LOCK_FILE);
    const current = fs.existsSync(lock) && fs.readFileSync(lock, "utf8") === formatLock(models);
    if (!flags.check && !current) writeWhole(lock, formatLock(models));
    if (flags.json) printJson(terminal, { file: lock, current, models });
    else terminal.out(`${lock}: ${current ? "up to date" : flags.check ? "not up to date" : "written"}\n`);
    return flags.check && !current ? EXIT.failure : EXIT.ok;
  },
});

/** Models that nodes of a graph name, as seen from its folder. */
export const modelsOf = ({ nodes }: GraphPlan): string[] => [
  ...new Set(
    nodes.flatMap(({ config, folder }) => {
      const { model } = config as { model?: unknown };
      return typeof model === "string" ? [modelIn(folder, model)] : [];
    }),
  ),
];

async function lockOf(plan: GraphPlan, store: ModelStore) {
  const files = diskFiles({ base: plan.baseDir });
  const models = new Map((readLock(files) ?? []).map((entry) => [entry.model, entry]));
  const faults: string[] = [];
  for (const model of modelsOf(plan)) {
    try {
      const { sha256 } = await findModel(model, modelPlaces(files, store));
      models.set(model, { model, sha256 });
    } catch (error) {
      faults.push((error as Error).message);
    }
  }
  return { models: [...models.values()] satisfies LockEntry[], faults };
}

/** A run that starts meanwhile reads the old lock or the new one. */
function writeWhole(file: string, text: string) {
  const part = `${file}.part`;
  fs.writeFileSync(part, text);
  fs.renameSync(part, file);
}
