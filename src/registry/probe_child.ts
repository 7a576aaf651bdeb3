import { definitionsOf } from "./exports.ts";
import type { CheckedSource } from "./plugin_module.ts";
import { asResolution, type RefusalCode } from "./refusal.ts";
import { type NodeReview, reviewNode } from "./review.ts";

/** First argument of a process that is to load one plugin and tell how it went. Not for people. */
export const PROBE_ARGUMENT = "__probe-plugin";
/** In front of the report, so what the plugin itself prints is passed over. */
export const REPORT_MARK = "schnitzel-probe-report:";

export interface ProbeRequest {
  id: string;
  file: string;
  sha256: string;
  /** Also looks at the docs and runs the examples of every node. */
  review: boolean;
}

export interface ProbedNode extends NodeReview {
  export: string;
  name: string;
  kind: string;
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
  const { review, ...source } = JSON.parse(argv[1]!) as ProbeRequest;
  const report = await probe({ ...source, text: await Bun.stdin.text() }, review);
  await Bun.write(Bun.stdout, `\n${REPORT_MARK}${JSON.stringify(report)}\n`);
  process.exit(0);
}

const NOT_REVIEWED: NodeReview = { faults: [], examples: [] };

async function probe(source: CheckedSource, withReview: boolean): Promise<ProbeReport> {
  try {
    const nodes: ProbedNode[] = [];
    for (const [name, definition] of await definitionsOf(source)) {
      const review = withReview ? await reviewNode(definition) : NOT_REVIEWED;
      nodes.push({ export: name, name: definition.name, kind: definition.kind, ...review });
    }
    return { ok: true, nodes };
  } catch (error) {
    const { code, message, hint } = asResolution(error);
    return { ok: false, code, message, ...(hint === undefined ? {} : { hint }) };
  }
}
