import { type ExampleResult, runExamples } from "./examples.ts";
import { definitionsOf } from "./exports.ts";
import type { CheckedSource } from "./plugin_module.ts";
import { asResolution, type RefusalCode } from "./refusal.ts";

/** First argument of a process that is to load one plugin and tell how it went. Not for people. */
export const PROBE_ARGUMENT = "__probe-plugin";
/** In front of the report, so what the plugin itself prints is passed over. */
export const REPORT_MARK = "schnitzel-probe-report:";

export interface ProbeRequest {
  id: string;
  file: string;
  sha256: string;
  /** Also runs the examples of every node. */
  examples: boolean;
}

export interface ProbedNode {
  export: string;
  name: string;
  kind: string;
  examples: readonly ExampleResult[];
}

export type ProbeReport =
  | { ok: true; nodes: readonly ProbedNode[] }
  | { ok: false; code: RefusalCode; message: string; hint?: string };

/**
 * Does nothing unless `argv` starts with {@link PROBE_ARGUMENT}. Then it loads the plugin whose text comes on
 * stdin, writes a {@link ProbeReport} and ends the process, timers of the plugin or not.
 */
export async function probePlugin(argv: readonly string[]): Promise<void> {
  if (argv[0] !== PROBE_ARGUMENT) return;
  // A plugin that waits for ever must meet the deadline, not an empty event loop.
  setInterval(() => {}, 60_000);
  const { examples, ...source } = JSON.parse(argv[1]!) as ProbeRequest;
  const report = await probe({ ...source, text: await Bun.stdin.text() }, examples);
  await Bun.write(Bun.stdout, `\n${REPORT_MARK}${JSON.stringify(report)}\n`);
  process.exit(0);
}

async function probe(source: CheckedSource, withExamples: boolean): Promise<ProbeReport> {
  try {
    const nodes: ProbedNode[] = [];
    for (const [name, definition] of await definitionsOf(source)) {
      const examples = withExamples ? await runExamples(definition) : [];
      nodes.push({ export: name, name: definition.name, kind: definition.kind, examples });
    }
    return { ok: true, nodes };
  } catch (error) {
    const { code, message, hint } = asResolution(error);
    return { ok: false, code, message, ...(hint === undefined ? {} : { hint }) };
  }
}
