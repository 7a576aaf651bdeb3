import * as path from "node:path";
import { thousands, withState } from "./durable.bench.ts";
import { BENCH, bun, median, type Row } from "./measure.ts";

const ROUNDS = 5;
/** Rows of the loops with one commit each, and of those in batches. */
const SLOW_ROWS = 10_000;
const FAST_ROWS = 400_000;
const COMMAND = `bun store_calls.ts ${FAST_ROWS} 1024 q.sqlite3`;

interface Rates {
  enqueued: number;
  acked: number;
  batch: number;
  loopP99Ms: number;
}

/** What the thread of the queue files costs, without a graph, beside SQLite alone, round by round. */
export async function store(): Promise<Row[]> {
  const measured: ReturnType<typeof round>[] = [];
  for (let at = 0; at < ROUNDS; at++) measured.push(await withState(round));
  const of = (pick: (one: (typeof measured)[number]) => number) => median(measured.map(pick));
  const batch = of(({ ours }) => ours.batch).toFixed(0);
  const row = (what: string, ours: number, beside: string, ratio: number, least: number): Row => {
    const figure = `${thousands(ours)}/s, event loop p99 ${of((one) => one.ours.loopP99Ms).toFixed(1)} ms`;
    return { what, figure, beside, ratio, reach: `≥ ${least}`, ok: ratio >= least, command: COMMAND };
  };
  const enqueued = of(({ ours }) => ours.enqueued);
  return [
    row(
      `queue.enqueue, FULL sync, ${batch} rows a commit`,
      enqueued,
      `a loop with one commit per row, ${thousands(of(({ slow }) => slow.enqueued))}/s`,
      of(({ ours, slow }) => ours.enqueued / slow.enqueued),
      12,
    ),
    row(
      `queue.enqueue, FULL sync, ${batch} rows a commit`,
      enqueued,
      `bare prepared inserts, as many rows a commit, ${thousands(of(({ bare }) => bare.enqueued))}/s`,
      of(({ ours, bare }) => ours.enqueued / bare.enqueued),
      0.5,
    ),
    row(
      "queue.lease and queue.ack",
      of(({ ours }) => ours.acked),
      `a loop with one commit per ack, ${thousands(of(({ slow }) => slow.acked))}/s`,
      of(({ ours, slow }) => ours.acked / slow.acked),
      20,
    ),
  ];
}

function round(dir: string) {
  const file = (name: string) => path.join(dir, `${name}.sqlite3`);
  const ours = run<Rates>([process.execPath, path.join(BENCH, "store_calls.ts")], FAST_ROWS, 1_024, file("ours"));
  return {
    ours,
    slow: run<Rates>(bun("commit_per_row.ts"), SLOW_ROWS, file("slow")),
    bare: run<Rates>(bun("bare_inserts.ts"), FAST_ROWS, ours.batch, file("bare")),
  };
}

function run<Result>(command: readonly string[], ...args: (string | number)[]): Result {
  const ran = Bun.spawnSync([...command, ...args.map(String)], { stderr: "pipe" });
  if (!ran.success) throw new Error(`${command.join(" ")} ended with ${ran.exitCode}: ${ran.stderr}`);
  return JSON.parse(ran.stdout.toString());
}
