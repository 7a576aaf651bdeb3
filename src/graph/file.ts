import * as fs from "node:fs";
import * as path from "node:path";
import type { Diagnostic, DiagnosticCode } from "./diagnostic.ts";
import { readAtMost } from "./read_at_most.ts";

/** Why 1 MiB: 10,000 nodes fit, and parsing stays near a second. */
export const MAX_GRAPH_BYTES = 1024 * 1024;

/** A graph's text and where it came from. */
export interface GraphSource {
  text: string;
  /** As the user gave it. */
  path: string;
  /** Where relative paths in the graph start: the file's folder, absolute. */
  baseDir: string;
  /** Lines before `text` in the file, for YAML cut out of Markdown. */
  lineOffset?: number;
}

export type ReadResult =
  | { source: GraphSource; diagnostics?: undefined }
  | { source?: undefined; diagnostics: Diagnostic[] };

/** Reads a graph file. Never throws: what keeps it from being read comes back as a diagnostic. */
export function readGraphFile(file: string, { maxBytes = MAX_GRAPH_BYTES } = {}): ReadResult {
  const refuse = (code: DiagnosticCode, reason: string, hint?: string): ReadResult => ({
    diagnostics: [
      {
        code,
        severity: "error",
        message: `Cannot read graph "${file}" as ${reason}`,
        place: { file, line: 1, column: 1 },
        ...(hint === undefined ? {} : { hint }),
      },
    ],
  });
  let bytes: Uint8Array | undefined;
  try {
    const stat = fs.statSync(file);
    if (!stat.isFile()) {
      const what = stat.isDirectory() ? "it is a folder" : "it is not a regular file";
      return refuse("FILE_UNREADABLE", what, "name a .yaml or .json file");
    }
    if (stat.size > maxBytes) {
      return refuse("FILE_TOO_LARGE", `it has ${stat.size} bytes: at most ${maxBytes} are allowed`, LARGER);
    }
    bytes = readAtMost(file, maxBytes);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR")
      return refuse("FILE_NOT_FOUND", "there is no such file", `looked for ${path.resolve(file)}`);
    return refuse("FILE_UNREADABLE", `the system says: ${message}`);
  }
  // The file may have grown since its size was read, or have no true one.
  if (bytes === undefined) return refuse("FILE_TOO_LARGE", `it has more than ${maxBytes} bytes`, LARGER);
  const text = decode(bytes);
  if (text === undefined) return refuse("FILE_NOT_TEXT", "it is not UTF-8 text", "save it as UTF-8");
  return { source: { text, path: file, baseDir: path.dirname(path.resolve(file)) } };
}

const LARGER = "split the graph, or allow more with --max-graph-bytes";

/** Text, or undefined for bytes that are not UTF-8 or hold zeros, as binary files do. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}
