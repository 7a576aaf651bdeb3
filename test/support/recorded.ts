import * as fs from "node:fs";
import * as path from "node:path";
import { type Ran, runCommand } from "./binary.ts";

/**
 * Two sources at their own pace, into nodes that look at the clock (rate_limit, sample) and make packets with new ids
 * (burst), behind a durable edge.
 */
export const RECORDED_GRAPH = `version: 2
name: two
nodes:
  - { id: fast, plugin: generate_source, config: { count: 40, rate: 200, seed: 3 } }
  - { id: slow, plugin: generate_source, config: { count: 8, rate: 40, seed: 4 } }
  - { id: limit, plugin: rate_limit, config: { limit: 5, window_ms: 50 } }
  - { id: thin, plugin: sample, config: { target_fps: 30, time: clock } }
  - { id: twice, plugin: burst, config: { count: 2 } }
  - { id: out, plugin: print_sink }
edges:
  - { from: fast, to: limit }
  - { from: slow, to: limit }
  - { from: limit, to: twice, durable: true }
  - { from: limit.excess, to: thin }
  - { from: thin, to: twice }
  - { from: twice, to: out }
`;

/** Records {@link RECORDED_GRAPH} with a program into `folder`, as graph.yaml and a.rec. */
export async function record(command: readonly string[], folder: string): Promise<Ran> {
  fs.writeFileSync(path.join(folder, "graph.yaml"), RECORDED_GRAPH);
  const flags = ["--record", "a.rec", "--seed", "11", "--state-dir", path.join(folder, "state")];
  return runCommand([...command, "run", "graph.yaml", ...flags], { cwd: folder });
}

/** Replays it with another one. */
export const replay = (command: readonly string[], folder: string, ...flags: string[]): Promise<Ran> =>
  runCommand([...command, "replay", "a.rec", ...flags], { cwd: folder, timeoutMs: 120_000 });
