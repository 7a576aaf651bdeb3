import * as path from "node:path";
import * as v from "valibot";
import type { PluginSource } from "./plugin_file.ts";
import { PROBE_ARGUMENT, type ProbedNode, type ProbeReport, type ProbeRequest, REPORT_MARK } from "./probe_child.ts";
import { PluginRefused } from "./refusal.ts";

/** Why 5 s: loading takes milliseconds, and a slow board under load stays far below it. */
export const DEFAULT_DEADLINE_MS = 5_000;
/** A report is below 100 KiB; a plugin that prints more while loading is broken. */
const MAX_OUTPUT_BYTES = 1024 * 1024;
/** What a child wrote before it ended is in the pipe; reading it takes microseconds. */
const LAST_WORDS_MS = 100;

export interface ProbeOptions {
  /** Program and arguments that start this executable once more. */
  command?: readonly string[];
  deadlineMs?: number;
  /** Also looks at the docs and runs the examples of every node. */
  review?: boolean;
}

/** This executable: a compiled binary alone, else bun with the entry that only probes. */
const thisExecutable = (): readonly string[] =>
  Bun.isStandaloneExecutable ? [process.execPath] : [process.execPath, path.join(import.meta.dirname, "probe_main.ts")];

/**
 * Loads a plugin in a process of its own first, so one that hangs, exits or crashes on load takes nothing with
 * it. The child gets the bytes, not the file, no environment, and is killed at the deadline.
 */
export async function probe(source: PluginSource, options: ProbeOptions = {}): Promise<readonly ProbedNode[]> {
  const { command = thisExecutable(), deadlineMs = DEFAULT_DEADLINE_MS, review = false } = options;
  const { id, file, sha256, text } = source;
  const request: ProbeRequest = { id, file, sha256, review };
  const child = Bun.spawn([...command, PROBE_ARGUMENT, JSON.stringify(request)], {
    stdin: new TextEncoder().encode(text),
    stdout: "pipe",
    stderr: "ignore",
    env: childEnv(),
    // Not the working directory: bun reads a bunfig.toml there.
    cwd: path.parse(process.execPath).root,
    maxBuffer: MAX_OUTPUT_BYTES,
    killSignal: "SIGKILL",
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, deadlineMs);
  const [output, code] = await Promise.all([outputOf(child), child.exited]);
  clearTimeout(timer);
  const report = reportIn(output);
  if (report === undefined) return failed(source, late ? `did not finish within ${deadlineMs} ms` : ended(code));
  if (report.ok) return report.nodes;
  throw new PluginRefused(report.code, report.message, report.hint);
}

/** What a child printed until it ended. A process that it left behind may hold the pipe open for hours. */
async function outputOf({ stdout, exited }: { stdout: ReadableStream<Uint8Array>; exited: Promise<number> }) {
  const reader = stdout.getReader();
  void exited.then(() => Bun.sleep(LAST_WORDS_MS)).then(() => reader.cancel());
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
  }
}

/** The report among what was printed; undefined when there is none, or one that the plugin made up badly. */
function reportIn(printed: string): ProbeReport | undefined {
  const line = printed.split("\n").findLast((candidate) => candidate.startsWith(REPORT_MARK));
  if (line === undefined) return undefined;
  try {
    return v.parse(REPORT, JSON.parse(line.slice(REPORT_MARK.length))) as ProbeReport;
  } catch {
    return undefined;
  }
}

const REPORT = v.variant("ok", [
  v.object({
    ok: v.literal(true),
    nodes: v.array(v.looseObject({ export: v.string(), name: v.string(), kind: v.string() })),
  }),
  v.object({
    ok: v.literal(false),
    code: v.picklist(["PLUGIN_LOAD_FAILED", "PLUGIN_API_MISMATCH"]),
    message: v.string(),
    hint: v.optional(v.string()),
  }),
]);

const ended = (code: number) => `ended the process (exit code ${code}) instead of finishing`;

function failed({ id, file }: PluginSource, fact: string): never {
  throw new PluginRefused(
    "PLUGIN_LOAD_FAILED",
    `Cannot load plugin "${id}" as ${file} ${fact} when it was loaded on trial`,
    "at its top level a plugin only declares nodes; work begins in create()",
  );
}

/** Windows cannot start a process without these two; nothing else of this environment is a plugin's business. */
function childEnv(): Record<string, string> {
  const kept = process.platform === "win32" ? ["SystemRoot", "TEMP"] : [];
  return {
    ...Object.fromEntries(kept.map((name) => [name, process.env[name] ?? ""])),
    // main.ts refuses to run graphs under it: a plugin that starts this program on load would do so without end.
    SCHNITZEL_PLUGIN_TRIAL: "1",
  };
}
