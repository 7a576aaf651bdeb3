import { runOn, withState } from "./durable.bench.ts";
import { BENCH, median, type Row, schnitzel } from "./measure.ts";

const ROUNDS = 5;
const RESTARTS = 40;

/** What a durable edge adds to each packet, and how soon after a start the backlog moves. */
export async function latency(): Promise<Row[]> {
  return [await added(), await restarts()];
}

async function added(): Promise<Row> {
  const p99: { durable: number; plain: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    p99.push({
      durable: percentile(await waits("latency_durable"), 0.99),
      plain: percentile(await waits("latency_plain"), 0.99),
    });
  }
  const [durable, plain] = [median(p99.map((one) => one.durable)), median(p99.map((one) => one.plain))];
  const more = durable - plain;
  return {
    what: "end to end at 1,000 packets/s, from made to read on stdout, p99",
    figure: `${durable} ms through a durable edge`,
    beside: `the same graph without, ${plain} ms`,
    reach: `< 10 ms more (${more} ms)`,
    ok: more < 10,
    command: "schnitzel run graphs/latency_durable.yaml",
  };
}

/** Milliseconds from a packet's `ts` to its line on stdout, for each packet but those of the first half second. */
async function waits(graph: string): Promise<number[]> {
  return withState(async (dir) => {
    const child = Bun.spawn(schnitzel("run", `graphs/${graph}.yaml`, "--state-dir", dir, "--log-level", "off"), {
      cwd: BENCH,
      stderr: "ignore",
    });
    const found: number[] = [];
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of child.stdout) {
      const nowMs = Date.now();
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        const ts = /\d{4}-\d\d-\d\dT[\d:.]+Z/.exec(line)?.[0];
        if (ts !== undefined) found.push(nowMs - Date.parse(ts));
      }
    }
    if (found.length < 4_000) throw new Error(`${graph} printed ${found.length} packets`);
    return found.slice(500);
  });
}

async function restarts(): Promise<Row> {
  const tookMs: number[] = [];
  await withState(async (dir) => {
    runOn(dir, "durable_away", "--max-packets", "12000", "--drain-seconds", "1");
    for (let at = 0; at < RESTARTS; at++) tookMs.push(await firstLine(dir));
  });
  const p99 = percentile(tookMs, 0.99);
  return {
    what: `start → first delivery, 10,000 rows waiting, p99 of ${RESTARTS}`,
    figure: `${p99.toFixed(0)} ms (median ${percentile(tookMs, 0.5).toFixed(0)} ms)`,
    beside: "—",
    reach: "< 1,000 ms",
    ok: p99 < 1_000,
    command: "schnitzel run graphs/durable_first.yaml",
  };
}

/** From the start of the process to its first packet on stdout; it is killed then, and loses nothing by it. */
export async function firstLine(dir: string): Promise<number> {
  const startMs = performance.now();
  const child = Bun.spawn(schnitzel("run", "graphs/durable_first.yaml", "--state-dir", dir, "--log-level", "off"), {
    cwd: BENCH,
    stderr: "ignore",
  });
  for await (const _ of child.stdout) break;
  const tookMs = performance.now() - startMs;
  child.kill(9);
  await child.exited;
  return tookMs;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}
