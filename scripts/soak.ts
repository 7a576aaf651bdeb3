/**
 * Runs three graphs for hours under a light load, with one random fault a minute, and counts.
 *
 *   bun run soak --hours 0.5 [--every SECONDS] [--seed N] [--record]
 *
 * Needs root on Linux, as every graph has a disk of its own whose power is cut. `--record` puts the table on top of
 * the soaks in docs/drill-results.md. Exit code 1 when anything was lost.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { sleep, systemClock } from "../src/base/clock.ts";
import { entropySeed, seededRandom } from "../src/base/random.ts";
import { cannotMount, thisMachine } from "../src/drill/machine.ts";
import { removeFolder, removeLeftovers } from "../src/drill/mounts.ts";
import { record } from "./drill_results.ts";
import { chooseFault } from "./soak/faults.ts";
import { Lane, type LaneOptions } from "./soak/lane.ts";
import { type LaneResult, laneRow, type RssSample } from "./soak/result.ts";

const ROOT = path.resolve(import.meta.dir, "..");
const LANES: readonly LaneOptions[] = [
  { name: "relay", fillerBytes: 200, killable: true },
  { name: "chain", fillerBytes: 4_096, killable: true },
  { name: "steady", fillerBytes: 200, killable: false },
];
const RSS_EVERY_SEC = 10;
/** 16 posters with a packet each 200 ms are at most 80 packets a second and graph: hours, not rates, are tried. */
const LOAD = { partitions: 16, fillerBytes: 200, pauseMs: 200 };

const { values } = parseArgs({
  options: {
    hours: { type: "string", default: "0.5" },
    every: { type: "string", default: "60" },
    seed: { type: "string" },
    record: { type: "boolean" },
  },
});
const hours = Number(values.hours);
const faultEveryMs = Math.max(1, Number(values.every) || 60) * 1_000;
const binary = process.env.SCHNITZEL_BINARY ?? path.join(ROOT, "schnitzel");
const machine = thisMachine(process.env);
const cannot =
  cannotMount(machine) ??
  (fs.existsSync(binary) ? undefined : `there is no ${binary}: bun run build`) ??
  (hours > 0 && hours <= 1_000
    ? undefined
    : `--hours must be above 0 and at most 1000: current value is ${values.hours}`);
if (cannot !== undefined) {
  console.error(`Cannot soak: ${cannot}`);
  process.exit(3);
}

const seed = values.seed === undefined ? entropySeed() % 0x1_0000_0000 : Number(values.seed);
const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => stopping.abort());
process.exitCode = await soak();

async function soak(): Promise<number> {
  await removeLeftovers();
  const lanes: Lane[] = [];
  try {
    for (const [at, lane] of LANES.entries()) lanes.push(await Lane.open(lane, shared(), seededRandom(seed + at)));
    for (const { stage } of lanes) await stage.open();
    const { startedMs, faults, rss } = await storm(lanes);
    for (const { stage } of lanes) await stage.settle();
    const results: LaneResult[] = [];
    for (const lane of lanes) results.push(await laneRow(lane, faults.get(lane) ?? [], rss.get(lane) ?? []));
    return told(results, (systemClock.monotonicMs() - startedMs) / 3_600_000);
  } finally {
    for (const { stage } of lanes) await stage.close();
    for (const { folder } of lanes) await removeFolder(folder);
  }
}

function shared() {
  return {
    ...{ faults: [], kills: 0, cuts: 0, packets: 0, seconds: Number.POSITIVE_INFINITY, settleMs: 120_000, seed },
    ...{ keep: undefined, load: LOAD, program: [binary], env: process.env, cwd: ROOT, machine, clock: systemClock },
    signal: stopping.signal,
    progress: say,
  };
}

/** The time with faults: one begins every minute unless --every says otherwise, while the canary looks every second. */
async function storm(lanes: readonly Lane[]) {
  const random = seededRandom(seed + LANES.length);
  const startedMs = systemClock.monotonicMs();
  const untilMs = startedMs + hours * 3_600_000;
  const faults = new Map<Lane, string[]>();
  const rss = new Map<Lane, RssSample[]>();
  let busy: Lane | undefined;
  let current: Promise<void> = Promise.resolve();
  let nextFaultMs = startedMs + faultEveryMs;
  for (let second = 1; systemClock.monotonicMs() < untilMs && !stopping.signal.aborted; second++) {
    // By the clock and not by adding up, or the looks drift away from a second.
    const dueMs = startedMs + second * 1_000;
    await sleep(systemClock, Math.max(0, dueMs - systemClock.monotonicMs()), stopping.signal);
    await Promise.all(lanes.map((lane) => lane.canary.look(lane !== busy)));
    if (second % RSS_EVERY_SEC === 0) for (const lane of lanes) sample(lane, rss, startedMs);
    if (systemClock.monotonicMs() < nextFaultMs || busy !== undefined) continue;
    nextFaultMs += faultEveryMs;
    const { lane, fault } = chooseFault(lanes, random);
    faults.set(lane, [...(faults.get(lane) ?? []), fault.name]);
    say(`${Math.round(second / 60)} min: ${fault.name} of ${lane.name}`);
    busy = lane;
    lane.stage.rounds += 1;
    current = fault
      .inject(lane)
      .catch((error) => void lane.stage.remarks.push(`${fault.name}: ${(error as Error).message}`))
      .finally(() => {
        busy = undefined;
      });
  }
  await current;
  return { startedMs, faults, rss };
}

function sample(lane: Lane, rss: Map<Lane, RssSample[]>, startedMs: number) {
  const bytes = lane.rssBytes();
  if (bytes === undefined) return;
  const samples = rss.get(lane) ?? [];
  samples.push([(systemClock.monotonicMs() - startedMs) / 3_600_000, bytes / 1024 / 1024]);
  rss.set(lane, samples);
}

function told(results: readonly LaneResult[], tookHours: number): number {
  const heads = Object.keys(results[0]!.cells);
  const rows = results.map(({ cells }) => heads.map((head) => cells[head]!));
  const command = `bun run soak --hours ${hours} --seed ${seed}`;
  const table = [heads, heads.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  const remarks = results.flatMap(({ remarks }) => remarks).map((remark) => `\n- ${remark}`);
  console.log(`${table}${remarks.join("")}`);
  if (values.record) record("Soaks", `${tookHours.toFixed(2)} h`, command, `${table}${remarks.join("")}`);
  return results.every(({ ok }) => ok) ? 0 : 1;
}

function say(text: string) {
  console.error(`soak: ${text}`);
}
