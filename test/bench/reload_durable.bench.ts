import * as fs from "node:fs";
import { folderWith } from "../support/cli.ts";
import { judge } from "../support/reload_judge.ts";
import { type Load, loadGraph, nextVersion } from "../support/reload_load.ts";
import { type Running, start } from "../support/running.ts";
import { until } from "../support/webhook.ts";
import type { Row } from "./measure.ts";
import { growth, middle, type Size, sizeOf } from "./process_size.ts";

const RELOADS = 100;
/** Several of each kind of change; by then the durable edge is full, and what grows once has grown. */
const WARM = 64;
/** Four of each kind of change: memory goes up and down by a sixth from one collection to the next. */
const SAMPLES = 32;
/** Between two reloads so much comes out at the far end, some hundreds of packets, so that all of the graph is at work. */
const BETWEEN_BYTES = 20_000;
/** More than leave the sources during the reloads: see {@link stillSending}. */
const LOAD: Load = { count: 150_000, rate: 0, maxBytes: "4MiB" };

/** All of a graph with a durable edge, states and timers is changed at full load; what came of each packet is looked up. */
export async function reloadDurable(): Promise<Row> {
  using folder = folderWith({ "yard.yaml": loadGraph(LOAD, {}) });
  const args = ["run", "yard.yaml", "--state-dir", "state", "--http", "127.0.0.1:0", "--report-json"];
  await using run = start(args, { cwd: folder.folder });
  const [, url] = await run.saw(/url=(http:\S+)/);
  const packets = follow(folder.at("packets.jsonl"));
  await packets.grown();
  let version = {};
  const once = async (at: number) => {
    version = nextVersion(version, at);
    fs.writeFileSync(folder.at("yard.yaml"), loadGraph(LOAD, version));
    const { outcome, reason, pauseMs } = await asked(url!);
    if (outcome !== "reloaded") throw new Error(`reload ${at} to ${JSON.stringify(version)}: ${outcome}: ${reason}`);
    await packets.grown();
    return pauseMs;
  };
  const sizes: Size[] = [];
  const pauses: number[] = [];
  for (let at = 1; at <= WARM + RELOADS; at++) {
    const pauseMs = await once(at);
    sizes.push(sizeOf(run.pid));
    if (at > WARM) pauses.push(pauseMs);
  }
  await stillSending(url!);
  await ending(run);
  const { faults, batches, ...wrong } = await judge(folder.at, LOAD.count);
  for (const fault of faults) console.error(fault);
  pauses.sort((a, b) => a - b);
  const [p50, p99] = [pauses[RELOADS / 2]!, pauses[Math.ceil(0.99 * RELOADS) - 1]!];
  const grown = growth(middle(sizes.slice(WARM - SAMPLES, WARM)), middle(sizes.slice(-SAMPLES)));
  const found = Object.entries(wrong).map(([fault, count]) => `${count} ${fault}`);
  return {
    what: `${RELOADS} reloads on both sides of a durable edge at full load: nodes replaced, put in and taken out, states and timers carried`,
    figure: `pause p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, longest ${pauses.at(-1)!.toFixed(1)} ms; ${found.join(", ")} of ${4 * LOAD.count} packets and ${batches} batches; ${grown.said}`,
    beside: "—",
    reach: "p99 < 20 ms, each packet once and in order of its stream, RSS within 1.1x, no file or thread more",
    ok: p99 < 20 && faults.length === 0 && grown.ok,
    command: "bun run bench reload",
  };
}

async function asked(url: string) {
  const answer = await (await fetch(`${url}/reload`, { method: "POST" })).json();
  return answer as { outcome: string; reason?: string; pauseMs: number };
}

/** `grown` resolves when so much has been written since the last time. */
function follow(file: string) {
  const size = () => fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  let last = 0;
  return {
    async grown() {
      await until(() => size() >= last + BETWEEN_BYTES);
      last = size();
    },
  };
}

/** The figures are of a graph at work, so its input must not have ended before the last reload. */
async function stillSending(url: string) {
  const { sources } = (await (await fetch(`${url}/report`)).json()) as { sources: { id: string; emitted: number }[] };
  const done = sources.filter(({ emitted }) => emitted >= LOAD.count);
  if (done.length > 0)
    throw new Error(`${done.map(({ id }) => id).join(", ")} had sent all ${LOAD.count} packets too early`);
}

async function ending(run: Running) {
  const { code, stderr } = await run.ended();
  if (code !== 0) throw new Error(`the run ended with ${code}:\n${stderr.slice(-2_000)}`);
}
