import * as fs from "node:fs";
import * as path from "node:path";
import {
  type Diagnostic,
  type DiagnosticCode,
  type GraphSource,
  type ReadResult,
  readGraphFile,
} from "../graph/index.ts";
import { UsageError } from "./command/index.ts";
import { isPart, markdownGraphs } from "./markdown_graphs.ts";
import type { Terminal } from "./terminal.ts";
import { TEST_FILE } from "./test_files.ts";

/** A file with the graphs in it: one, or for Markdown as many as it shows. */
export interface GraphFile {
  /** As the user gave it. */
  path: string;
  /** The whole file, for quoting lines; undefined when it could not be read. */
  text?: string;
  graphs: readonly GraphSource[];
  /** Why it could not be read. */
  diagnostics: readonly Diagnostic[];
}

export interface FoundFiles {
  files: readonly GraphFile[];
  skipped: readonly { path: string; reason: string }[];
}

/** What "-" is called in findings. */
export const STDIN = "<stdin>";
/** Why 10,000: more than any project has, and a walk from / by mistake ends soon. */
const MAX_FILES = 10_000;
/** Enough of a file to see whether it is a graph. */
const SNIFF_BYTES = 65_536;

/** Reads everything the arguments name: files, folders, globs, and `-` for standard input. */
export async function findGraphs(args: readonly string[], maxBytes: number, terminal: Terminal): Promise<FoundFiles> {
  const files = new Map<string, GraphFile>();
  const skipped: { path: string; reason: string }[] = [];
  for (const { file, walked } of args.flatMap((arg) => expand(arg, terminal.cwd))) {
    const reason = file === "-" ? undefined : reasonToSkip(path.resolve(terminal.cwd, file), walked);
    // Most Markdown is prose, and nobody wants to hear of each.
    if (reason !== undefined && walked && isMarkdown(file)) continue;
    if (reason !== undefined) skipped.push({ path: file, reason });
    else files.set(file, file === "-" ? await readStdin(maxBytes, terminal) : readFile(file, maxBytes));
  }
  return { files: [...files.values()], skipped };
}

const isMarkdown = (file: string) => file.endsWith(".md");

interface Candidate {
  file: string;
  /** Found in a folder or by a glob, so it may be something else than a graph. */
  walked: boolean;
}

function expand(arg: string, cwd: string): Candidate[] {
  if (arg === "-") return [{ file: arg, walked: false }];
  const stat = fs.statSync(path.resolve(cwd, arg), { throwIfNoEntry: false });
  if (stat?.isDirectory()) return walk(arg, "**/*.{yaml,yml,json,md}", cwd);
  if (stat !== undefined || !/[*?[{]/.test(arg)) return [{ file: arg, walked: false }];
  return walk("", arg, cwd);
}

/** Hidden folders and packages are not the user's graphs. */
function walk(folder: string, pattern: string, cwd: string): Candidate[] {
  const found: Candidate[] = [];
  for (const name of new Bun.Glob(pattern).scanSync({ cwd: path.resolve(cwd, folder), onlyFiles: true })) {
    if (/(^|[\\/])node_modules[\\/]/.test(name)) continue;
    found.push({ file: path.join(folder, name), walked: true });
    if (found.length > MAX_FILES) throw new UsageError(`${folder || pattern} has more than ${MAX_FILES} files`);
  }
  if (found.length === 0) throw new UsageError(`${folder || pattern} has no graph files`, "graphs are .yaml or .json");
  return found.sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** A file that was named is a graph, whatever it looks like; one that was found must look like one. */
function reasonToSkip(file: string, walked: boolean): string | undefined {
  if (isMarkdown(file)) {
    const text = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : undefined;
    return text !== undefined && markdownGraphs(text).length === 0 ? "it shows no graph" : undefined;
  }
  if (!walked) return undefined;
  if (TEST_FILE.test(file)) return "it is a test, which schnitzel test checks and runs";
  const head = headOf(file);
  if (isPart(head)) return "it has parameters or ports: it is checked where a graph uses it";
  return looksLikeGraph(head) ? undefined : "it has no nodes, so it is no graph";
}

const looksLikeGraph = (head: string) =>
  /^\s*["']?(nodes|edges|job|processes)["']?\s*:/m.test(head) || /^\s*\{.*"nodes"\s*:/s.test(head);

function headOf(file: string): string {
  const descriptor = fs.openSync(file, "r");
  try {
    const buffer = Buffer.alloc(SNIFF_BYTES);
    return buffer.toString("utf8", 0, fs.readSync(descriptor, buffer, 0, SNIFF_BYTES, 0));
  } finally {
    fs.closeSync(descriptor);
  }
}

function readFile(file: string, maxBytes: number): GraphFile {
  const { source, diagnostics } = readGraphFile(file, { maxBytes });
  return source === undefined ? unread(file, diagnostics) : graphFile(file, source.text, source.baseDir);
}

const unread = (file: string, diagnostics: readonly Diagnostic[]): GraphFile => ({
  path: file,
  graphs: [],
  diagnostics,
});

function graphFile(file: string, text: string, baseDir: string): GraphFile {
  const graphs = isMarkdown(file)
    ? markdownGraphs(text).map((graph) => ({ ...graph, path: file, baseDir }))
    : [{ text, path: file, baseDir }];
  return { path: file, text, graphs, diagnostics: [] };
}

async function readStdin(maxBytes: number, terminal: Terminal): Promise<GraphFile> {
  const refuse = (code: DiagnosticCode, reason: string, hint: string) => {
    const message = `Cannot read the graph from standard input as ${reason}`;
    return unread(STDIN, [{ code, severity: "error", message, place: { file: STDIN, line: 1, column: 1 }, hint }]);
  };
  const bytes = await terminal.stdin(maxBytes);
  if (bytes === undefined) {
    const hint = "split the graph, or allow more with --max-graph-bytes";
    return refuse("FILE_TOO_LARGE", `it has more than ${maxBytes} bytes`, hint);
  }
  try {
    return graphFile(STDIN, new TextDecoder("utf-8", { fatal: true }).decode(bytes), terminal.cwd);
  } catch {
    return refuse("FILE_NOT_TEXT", "it is not UTF-8 text", "send it as UTF-8");
  }
}

/** Reads the one graph that a command is about: a file, or `-` for standard input. */
export async function readOneGraph(file: string, maxBytes: number, terminal: Terminal): Promise<ReadResult> {
  const { graphs, diagnostics } = file === "-" ? await readStdin(maxBytes, terminal) : readFile(file, maxBytes);
  if (diagnostics.length > 0) return { diagnostics: [...diagnostics] };
  if (graphs.length === 1) return { source: graphs[0]! };
  throw new UsageError(`${file} shows ${graphs.length} graphs`, "name a file with one");
}
