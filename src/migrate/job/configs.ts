import * as path from "node:path";
import { readGraphFile } from "../../graph/index.ts";
import {
  childOf,
  Findings,
  loadRoot,
  type MapTree,
  plain,
  SourceText,
  spotAt,
  type Tree,
  Variables,
} from "../../graph/raw.ts";
import { type MigrateContext, refuse } from "../context.ts";
import { namesIn } from "../names_in.ts";
import { emptyMap, mergedTrees } from "./merge.ts";

export interface Configs {
  /** The project's folder, where its relative paths begin. */
  root: string;
  tree: MapTree;
}

/** Why four: jobs lay in `configs/graphs/` of their project, and nobody nested deeper. */
const LEVELS = 4;

/** The files that a job took its settings from: `configs/` of the project it lies in, or of the current directory. */
export function readConfigs(job: MapTree, baseDir: string, context: MigrateContext): Configs | undefined {
  const folder = findFolder(baseDir, context.cwd);
  if (folder === undefined) {
    const message = "Cannot migrate the job as its settings are missing: there is no configs/ with .yaml files";
    const hint = `looked in ${baseDir}, the ${LEVELS - 1} folders above it, and ${context.cwd}; a job's own config: was never read`;
    return refuse(context, "MIGRATE_FILE", spotAt(job, ["job"]), ["job"], message, hint);
  }
  const names = namesIn(folder, ".yaml");
  const main = ["default.yaml", "cameras.yaml"].filter((name) => names.includes(name));
  // Without both of them it merged whatever else was there.
  const read = (main.length > 0 ? main : names).map((name) => readConfig(path.join(folder, name), context));
  const trees = read.filter((tree) => tree !== undefined);
  if (trees.length < read.length || trees.length === 0) return undefined;
  const merged = trees.reduce(mergedTrees);
  const env = environmentOf(filled(merged, folder, { ...context, findings: new Findings() }), context);
  const own =
    env !== undefined && names.includes(`${env}.yaml`) && main.length > 0
      ? readConfig(path.join(folder, `${env}.yaml`), context)
      : undefined;
  const whole = own === undefined ? merged : mergedTrees(merged, own);
  // Filled in as one, as what a reference leads to may stand in another file.
  return { root: path.dirname(folder), tree: filled(whole, folder, context) };
}

function filled(root: MapTree, baseDir: string, { env, findings, secrets }: MigrateContext): MapTree {
  const variables = new Variables({ root, env, dialect: "python", baseDir, findings });
  const tree = variables.resolve(root) as MapTree;
  for (const secret of variables.secrets) secrets.add(secret);
  return tree;
}

function findFolder(baseDir: string, cwd: string): string | undefined {
  const above = Array.from({ length: LEVELS }, (_, level) => path.resolve(baseDir, "../".repeat(level)));
  return [...above, cwd]
    .map((folder) => path.join(folder, "configs"))
    .find((folder) => namesIn(folder, ".yaml").length > 0);
}

function readConfig(file: string, context: MigrateContext): MapTree | undefined {
  const shown = path.relative(context.cwd, file).startsWith("..") ? file : path.relative(context.cwd, file);
  const read = readGraphFile(file, context);
  if (read.source === undefined) {
    for (const diagnostic of read.diagnostics) context.findings.add(diagnostic);
    return undefined;
  }
  const { text, lineOffset } = read.source;
  context.texts[shown] = text;
  const source = new SourceText(shown, text, lineOffset);
  return NOTHING.test(text) ? emptyMap({ source, start: 0, end: 0 }) : loadRoot(source, context.findings);
}

/** Blank lines, remarks and the start of a document: a file that has nothing to say yet. */
const NOTHING = /^\uFEFF?(?:[ \t]*(?:#[^\n]*|---[ \t]*)?\r?(?:\n|$))*$/;

/** `app.env`, `dev` or `prod`, chooses a further file. */
function environmentOf(tree: MapTree, context: MigrateContext): string | undefined {
  const app: Tree | undefined = childOf(tree, "app");
  const env = app && childOf(app, "env");
  if (env === undefined) return undefined;
  const name = plain(env);
  if (name === "dev" || name === "prod") return name;
  return refuse(
    context,
    "MIGRATE_VALUE",
    spotAt(tree, ["app", "env"]),
    ["app", "env"],
    `Cannot migrate the job as app.env must be dev or prod: current value is ${JSON.stringify(name)}`,
  );
}
