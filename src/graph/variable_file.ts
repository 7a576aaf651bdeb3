import * as fs from "node:fs";
import * as path from "node:path";
import { readAtMost } from "./read_at_most.ts";
import { clip, VariableFault } from "./variable_fault.ts";

/** Why 64 KiB: keys, tokens and certificate chains are smaller. */
export const MAX_VARIABLE_FILE_BYTES = 64 * 1024;

/** The text of a file behind `${file:…}` without its last line end. Looked for in one folder after the other. */
export function readVariableFile(file: string, folders: readonly string[]): string {
  const candidates = folders.map((folder) => path.resolve(folder, file));
  const found = candidates.find((candidate) => fs.existsSync(candidate)) ?? candidates[0]!;
  const fault = (reason: string) =>
    new VariableFault("VARIABLE_FILE", `Cannot fill in \${file:${clip(file)}} as ${reason}`, `looked for ${found}`);
  try {
    // A pipe or device could block for ever.
    if (!fs.statSync(found).isFile()) throw fault("it is not a regular file");
    const bytes = readAtMost(found, MAX_VARIABLE_FILE_BYTES);
    if (bytes === undefined) throw fault(`it has more than ${MAX_VARIABLE_FILE_BYTES} bytes`);
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r?\n$/, "");
  } catch (error) {
    if (error instanceof VariableFault) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw fault(code === "ENOENT" ? "there is no such file" : `it cannot be read (${code ?? "not UTF-8"})`);
  }
}
