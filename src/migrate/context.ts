import * as path from "node:path";
import type { Diagnostic, DiagnosticCode } from "../graph/index.ts";
import { type Findings, hideSecrets, type Path, pathText, placeOf, type Spot } from "../graph/raw.ts";
import type { Catalogue } from "../node/index.ts";
import type { LeftOuts } from "./left_out.ts";

/** What all parts of a migration share. */
export interface MigrateContext {
  catalogue: Catalogue;
  env: Readonly<Record<string, string | undefined>>;
  /** Of each file that is read besides. */
  maxBytes: number;
  /** Where the predecessor looked for files that were not in its project. */
  cwd: string;
  /** Absolute: the folder of the new graph, where its relative paths begin. */
  targetDir: string;
  findings: Findings;
  /** Errors that were reported: what several cameras read is wrong once. */
  told: Set<string>;
  leftOuts: LeftOuts;
  /** What variables gave that must not be shown. */
  secrets: Set<string>;
  /** Flags of `schnitzel run` that say what the old file said. */
  flags: Set<string>;
  /** Texts that findings point into. */
  texts: Record<string, string>;
}

/** Reports an error at a place. */
export function refuse(
  { findings, told, secrets }: Pick<MigrateContext, "findings" | "told" | "secrets">,
  code: DiagnosticCode,
  at: Spot,
  where: Path,
  message: string,
  hint?: string,
): undefined {
  const key = `${at.source.file}:${at.start} ${message}`;
  if (told.has(key)) return undefined;
  told.add(key);
  const shown = hideSecrets(message, secrets);
  const found: Diagnostic = { code, severity: "error", message: shown, place: placeOf(at), path: pathText(where) };
  findings.add(hint === undefined ? found : { ...found, hint });
  return undefined;
}

/** An absolute path as the new graph writes it: relative where it lies in or near the graph's folder. */
export function relativeTo(targetDir: string, absolute: string): string {
  const relative = path.relative(targetDir, absolute);
  // Out of the folder and down again from the root is harder to read than the path itself.
  const climbs = relative.split(path.sep).filter((step) => step === "..").length;
  if (path.isAbsolute(relative) || climbs > 3) return absolute;
  return relative.split(path.sep).join("/");
}
