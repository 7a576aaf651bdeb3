import type { GraphSource } from "../graph/index.ts";
import { childOf, Findings, loadRoot, type MapTree, SourceText, type Tree, Variables } from "../graph/raw.ts";
import type { MigrateContext } from "./context.ts";

/** A file of the predecessor: as it is written, and with its variables filled in. */
export interface OldDocument {
  source: GraphSource;
  raw: MapTree;
  resolved: MapTree;
}

/** Reads a file in the predecessor's dialect; undefined when it is no map, which is reported. */
export function openDocument(
  source: GraphSource,
  { env, findings, secrets }: Pick<MigrateContext, "env" | "findings" | "secrets">,
): OldDocument | undefined {
  const raw = loadRoot(new SourceText(source.path, source.text, source.lineOffset), findings);
  if (raw === undefined) return undefined;
  const variables = new Variables({ root: raw, env, dialect: "python", baseDir: source.baseDir, findings });
  const resolved = variables.resolve(raw) as MapTree;
  for (const secret of variables.secrets) secrets.add(secret);
  return { source, raw, resolved };
}

/** The document without a word about its faults, to see what it is. */
export function glance(source: GraphSource): MapTree | undefined {
  const findings = new Findings();
  const raw = loadRoot(new SourceText(source.path, source.text, source.lineOffset), findings);
  if (raw === undefined) return undefined;
  return new Variables({
    ...{ root: raw, env: {}, dialect: "python", baseDir: source.baseDir, findings },
  }).resolve(raw) as MapTree;
}

/** The text at a key; undefined for what is none, or blank. */
export function textOf(tree: Tree, key: string): string | undefined {
  const child = childOf(tree, key);
  const text = child?.type === "scalar" && typeof child.value === "string" ? child.value.trim() : "";
  return text === "" ? undefined : text;
}
