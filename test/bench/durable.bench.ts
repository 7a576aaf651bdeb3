import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { BENCH, bun, median, type Row, schnitzel } from "./measure.ts";

const ROUNDS = 3;
/** Rows of the loops with one commit each, and of those in batches. */
const SLOW_ROWS = 20_000;
const FAST_ROWS = 500_000;

interface Report {
  duration_ms: number;
  status: string;
  edges: { durable?: Record<string, number> }[];
  checkpoints?: {
    taken: number;
    restored: number;
    state_bytes: number;
    pause_ms: { p50: number; p99: number; max: number };
    duration_ms: { p50: number; p99: number; max: number };
  };
  /** Peak resident memory. */
  rssBytes: number;
}

/** A state directory of its own; the disk of the system's temporary folder is the one that is measured. */
export async function withState<Result>(work: (dir: string) => Result | Promise<Result>): Promise<Result> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "schnitzel-bench-"));
  try {
    return await work(dir);
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

/** Runs a graph on `dir` and gives the report; packets that are left over stay there. */
export function runOn(dir: string, graph: string, ...flags: string[]): Report {
  const command = schnitzel("run", `graphs/${graph}.yaml`, "--state-dir", dir, "--report-json", "--log-level", "off");
  const ran = Bun.spawnSync([...command, ...flags], { cwd: BENCH, stderr: "pipe" });
  if (!ran.success) throw new Error(`${graph} ended with ${ran.exitCode}: ${ran.stderr}`);
  const report = JSON.parse(ran.stdout.toString().trim().split("\n").at(-1)!);
  return { ...report, rssBytes: ran.resourceUsage.maxRSS };
}

function baseline(dir: string, script: string, ...args: string[]): { enqueued: number; acked: number } {
  const ran = Bun.spawnSync([...bun(script, ...args, path.join(dir, `${script}.sqlite3`))], { stderr: "pipe" });
  if (!ran.success) throw new Error(`${script} ended with ${ran.exitCode}: ${ran.stderr}`);
  return JSON.parse(ran.stdout.toString());
}

export const queueOf = ({ edges }: Report) => edges.find(({ durable }) => durable !== undefined)!.durable!;

/** What a durable edge costs, through the graph, beside SQLite alone, round by round. */
export async function durable(): Promise<Row[]> {
  const measured: ReturnType<typeof round>[] = [];
  for (let at = 0; at < ROUNDS; at++) measured.push(await withState(round));
  const of = (pick: (one: (typeof measured)[number]) => number) => median(measured.map(pick));
  const row = (what: string, ours: number, beside: string, ratio: number, least: number, command: string): Row => {
    const figure = `${thousands(ours)}/s, ${of((one) => one.batch).toFixed(0)} rows a commit`;
    return { what, figure, beside, ratio, reach: `≥ ${least}`, ok: ratio >= least, command };
  };
  const enqueue = "schnitzel run graphs/durable_away.yaml";
  return [
    row(
      "enqueue, FULL sync, through the graph",
      of((one) => one.enqueued),
      `a loop with one commit per row, ${thousands(of((one) => one.slow.enqueued))}/s`,
      of((one) => one.enqueued / one.slow.enqueued),
      12,
      enqueue,
    ),
    row(
      "enqueue, FULL sync, through the graph",
      of((one) => one.enqueued),
      `bare prepared inserts, as many rows a commit, ${thousands(of((one) => one.bare.enqueued))}/s`,
      of((one) => one.enqueued / one.bare.enqueued),
      0.5,
      enqueue,
    ),
    row(
      "lease and ack, through the graph",
      of((one) => one.acked),
      `a loop with one commit per ack, ${thousands(of((one) => one.slow.acked))}/s`,
      of((one) => one.acked / one.slow.acked),
      20,
      "schnitzel run graphs/durable_drain.yaml",
    ),
  ];
}

function round(dir: string) {
  const full = runOn(dir, "durable_away", "--max-packets", String(FAST_ROWS), "--drain-seconds", "0");
  const { enqueued, commits, committed_rows } = queueOf(full);
  const drained = runOn(dir, "durable_drain");
  const { acked, ready } = queueOf(drained);
  if (ready !== 0 || acked !== enqueued) throw new Error(`${enqueued} rows in, ${acked} out, ${ready} left`);
  const batch = Math.max(1, Math.round(committed_rows! / commits!));
  return {
    batch,
    enqueued: (enqueued! / full.duration_ms) * 1_000,
    acked: (acked! / drained.duration_ms) * 1_000,
    slow: baseline(dir, "commit_per_row.ts", String(SLOW_ROWS)),
    bare: baseline(dir, "bare_inserts.ts", String(FAST_ROWS), String(batch)),
  };
}

export const thousands = (perSecond: number) => `${(perSecond / 1_000).toFixed(0)} k`;
