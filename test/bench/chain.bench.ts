import * as path from "node:path";
import { BENCH, bun, median, millions, type Row, rounds, schnitzel, speedRatio, time } from "./measure.ts";

const ROUNDS = 7;
const CHAIN = 20_000_000;
const STREAMS = 1_000_000;
const PACKETS = 2_000_000;

interface Report {
  status: string;
  duration_ms: number;
  metrics: Record<string, number>;
  drops: unknown[];
  inboxes: { peak: number; capacity: number }[];
}

const run = (graph: string) => schnitzel("run", path.join("graphs", graph), "--report-json", "--log-level", "error");

/** Throughput of the engine beside RxJS and Node's streams, each as a whole process. */
export function chain(): Row[] {
  const [ours, rxjs, packets, streams] = rounds(ROUNDS, [
    () => time(run("chain.yaml")),
    () => time(bun("rxjs.ts", String(CHAIN))),
    () => time(bun("rxjs.ts", String(PACKETS), "packets")),
    () => time(["node", path.join(BENCH, "baselines/node_streams.mjs"), String(STREAMS)]),
  ]) as [ReturnType<typeof time>[], ReturnType<typeof time>[], ReturnType<typeof time>[], ReturnType<typeof time>[]];
  const perPacket = (runs: typeof ours, count: number) => runs.map((one) => ({ ...one, ms: one.ms / count }));
  const us = perPacket(ours, CHAIN);
  const what = "source → 3 identity → null, ids, times, metrics and bounds on";
  const command = "schnitzel run graphs/chain.yaml";
  const row = (beside: string, theirs: typeof ours, count: number, least: number, goal?: number): Row => {
    const ratio = speedRatio(us, perPacket(theirs, count));
    const figure = millions(CHAIN, ours);
    return {
      what,
      figure,
      beside: `${beside} ${millions(count, theirs)}`,
      ratio,
      reach: goal === undefined ? `≥ ${least}` : `≥ ${least} (goal ${goal}, ${ratio < goal ? "not " : ""}reached)`,
      ok: ratio >= least,
      command,
    };
  };
  return [
    row("RxJS Subject, 3 map, `{ i }`, no ids", rxjs, CHAIN, 0.65, 1),
    row("RxJS Subject, 3 map, packet with UUIDv7 and ISO time", packets, PACKETS, 1),
    row("Node object streams, 3 PassThrough", streams, STREAMS, 1.2),
  ];
}

/** Shapes where packets cannot go from hand to hand. */
export function shapes(): Row[] {
  return [
    shape("fan-out of two in the middle", "fan_out.yaml", 5_000_000, 10_000_000),
    shape("one async node in the middle", "async_node.yaml", 500_000, 500_000),
    shape("3 sources, fan-out 4, fan-in, async node (concurrency 8)", "web.yaml", 600_000, 2_400_000),
  ];
}

function shape(what: string, graph: string, sent: number, arrived: number): Row {
  const runs = rounds(3, [() => time(run(graph))])[0]!;
  const reports = runs.map(({ stdout }) => JSON.parse(stdout.trim().split("\n").at(-1)!) as Report);
  const whole = reports.every(
    ({ status, drops, metrics, inboxes }) =>
      status === "ok" &&
      drops.length === 0 &&
      metrics["node.sink.consumed"] === arrived &&
      inboxes.every(({ peak, capacity }) => peak <= capacity),
  );
  const rate = median(reports.map(({ duration_ms }) => sent / duration_ms / 1_000)).toFixed(2);
  const figure = `${rate} M/s from the sources`;
  return {
    what,
    figure,
    beside: "—",
    reach: "nothing lost, no inbox over its bound",
    ok: whole,
    command: `schnitzel run graphs/${graph}`,
  };
}
