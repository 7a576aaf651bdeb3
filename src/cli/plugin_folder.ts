import * as fs from "node:fs";
import * as path from "node:path";
import type { Fault } from "../registry/index.ts";
import { UsageError } from "./command/index.ts";
import type { Terminal } from "./terminal.ts";

export const FOLDER_ARGUMENT = { name: "DIR", doc: "Folder with plugins; plugins unless given.", optional: true };

/** The folder a plugin command is about. */
export function pluginFolder(given: string | undefined, { cwd }: Terminal): string {
  const dir = given ?? "plugins";
  if (fs.statSync(path.resolve(cwd, dir), { throwIfNoEntry: false })?.isDirectory()) return dir;
  throw new UsageError(
    `there is no folder ${dir}`,
    given === undefined ? "name the folder, or make plugins/" : undefined,
  );
}

export function printFaults(faults: readonly Fault[], { err }: Terminal) {
  for (const { code, message, hint } of faults)
    err(`${code}: ${message}\n${hint === undefined ? "" : `  hint: ${hint}\n`}`);
}
