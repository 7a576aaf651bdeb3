import * as path from "node:path";
import { type CompileResult, compileGraph } from "../../src/graph/index.ts";
import { type Migration, migrate } from "../../src/migrate/index.ts";
import { createRegistry } from "../../src/registry/index.ts";
import { folderWith } from "./cli.ts";

const catalogue = createRegistry({ env: {} });

interface Given {
  env?: Record<string, string>;
  flags?: readonly string[];
}

export const JOB = "schnitzel_stream.jobs.legacy_ai_pipeline:LegacyAIPipelineJob";
export const JOB_FILE = `# The yard.\nversion: 1\njob: ${JOB}\n`;

/** A project of the predecessor, and what becomes of its files. */
export function oldProject(files: Readonly<Record<string, string>>) {
  const { folder, at, [Symbol.dispose]: remove } = folderWith(files);
  const source = (file: string, text = files[file]!) => ({ text, path: file, baseDir: path.dirname(at(file)) });
  return {
    folder,
    at,
    migrate: (file: string, { env = {}, flags = [] }: Given = {}): Promise<Migration> =>
      migrate(source(file), { catalogue, env, cwd: folder, target: at(file), jobFlags: flags }),
    again: (file: string, text: string, env = {}) =>
      migrate(source(file, text), { catalogue, env, cwd: folder, target: at(file) }),
    compile: (file: string, text = files[file]!, env = {}): Promise<CompileResult> =>
      compileGraph(source(file, text), { catalogue, env, compatCwd: folder }),
    [Symbol.dispose]: remove,
  };
}

/** What is wrong, as `CODE file:line:column`. */
export const faults = ({ diagnostics }: Pick<Migration, "diagnostics">) =>
  diagnostics
    .filter(({ severity }) => severity === "error")
    .map(({ code, place: { file, line, column } }) => `${code} ${path.basename(file)}:${line}:${column}`);

/** The new graph as data. */
export function graphOf({ text, diagnostics }: Migration) {
  if (text === undefined) throw new Error(JSON.stringify(diagnostics, null, 2));
  return Bun.YAML.parse(text) as {
    nodes: { id: string; plugin: string; config?: Record<string, unknown>; runtime?: Record<string, unknown> }[];
    edges: { from: string; to: string; durable?: boolean }[];
  };
}

export const arrows = (migration: Migration) =>
  graphOf(migration).edges.map(({ from, to, durable }) => `${from} ${durable ? "=>" : "->"} ${to}`);
