import * as fs from "node:fs";
import { folderWith } from "../support/cli.ts";
import { start } from "../support/running.ts";
import type { Row } from "./measure.ts";
import { growth, sizeOf } from "./process_size.ts";

const RELOADS = 100;
/** The first ones fill what grows once: code that is compiled, buffers that reach their size. */
const WARM = 30;

const graph = (limit: number) => `version: 2
name: full
nodes:
  - { id: s, plugin: generate_source, config: { count: 2000000000 } }
  - { id: l, plugin: rate_limit, config: { limit: ${limit} } }
  - { id: o, plugin: null_sink }
  - { id: x, plugin: null_sink }
edges: [{ from: s, to: l }, { from: l, to: o }, { from: l.excess, to: x }]
`;

/** A node replaced again and again in a graph that does all it can; what leaves it is counted against what came. */
export async function reload(): Promise<Row[]> {
  using folder = folderWith({ "full.yaml": graph(1) });
  const args = ["run", "full.yaml", "--http", "127.0.0.1:0", "--report-json"];
  await using run = start(args, { cwd: folder.folder });
  const [, url] = await run.saw(/url=(http:\S+)/);
  const pauses: number[] = [];
  const once = async (limit: number) => {
    fs.writeFileSync(folder.at("full.yaml"), graph(limit));
    const result = await (await fetch(`${url}/reload`, { method: "POST" })).json();
    const { outcome, reason, pauseMs } = result as { outcome: string; reason?: string; pauseMs: number };
    if (outcome !== "reloaded") throw new Error(`reload to limit ${limit}: ${outcome}: ${reason}`);
    pauses.push(pauseMs);
  };
  for (let at = 0; at < WARM; at++) await once(2 + at);
  pauses.length = 0;
  const before = sizeOf(run.pid);
  for (let at = 0; at < RELOADS; at++) await once(1_000 + at);
  const after = sizeOf(run.pid);
  const { stdout } = await run.stop();
  const lost = lostIn(JSON.parse(stdout.trim().split("\n").at(-1)!));
  pauses.sort((a, b) => a - b);
  const p99 = pauses[Math.ceil(0.99 * RELOADS) - 1]!;
  const grown = growth(before, after);
  return [
    {
      what: `${RELOADS} reloads that replace a node of a graph at full load`,
      figure: `pause p50 ${pauses[RELOADS / 2]!.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms; ${lost} packets lost or doubled; ${grown.said}`,
      beside: "—",
      reach: "p99 < 20 ms, 0 lost, RSS within 1.1x, no file or thread more",
      ok: p99 < 20 && lost === 0 && grown.ok,
      command: "bun run bench reload",
    },
  ];
}

/** What the source sent, less what came to one of the two sinks. */
function lostIn({ sources, edges }: { sources: { emitted: number }[]; edges: { to: string; passed: number }[] }) {
  const arrived = edges.filter(({ to }) => to === "o.in" || to === "x.in").reduce((sum, { passed }) => sum + passed, 0);
  return sources[0]!.emitted - arrived;
}
