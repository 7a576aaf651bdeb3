import { queueOf, runOn, thousands, withState } from "./durable.bench.ts";
import { firstLine } from "./latency.bench.ts";
import { median, megabytes, type Row } from "./measure.ts";

/** Rows that wait, and rows of one measurement. */
const BACKLOG = Number(process.env.SCHNITZEL_BENCH_BACKLOG ?? 5_000_000);
const SLICE = 500_000;
const DRAIN_SEC = 4;
const ROUNDS = 3;

/** Whether a queue of millions of rows takes and gives as an empty one does. Takes some minutes. */
export function backlog(): Promise<Row[]> {
  return withState(async (dir) => {
    const empty = measured(dir);
    runOn(dir, "durable_drain");
    fill(dir);
    const restartMs: number[] = [];
    for (let at = 0; at < ROUNDS; at++) restartMs.push(await firstLine(dir));
    return rowsOf(empty, measured(dir), median(restartMs));
  });
}

interface Measured {
  enqueued: number;
  acked: number;
  rssBytes: number;
}

/** Enqueues and drains by turns, so that both are measured at about the same depth. */
function measured(dir: string): Measured {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const taken = runOn(dir, "durable_away", "--max-packets", String(SLICE), "--drain-seconds", "0");
    const given = runOn(dir, "durable_drain", "--max-seconds", String(DRAIN_SEC), "--drain-seconds", "0");
    return {
      enqueued: (queueOf(taken).enqueued! / taken.duration_ms) * 1_000,
      acked: (queueOf(given).acked! / given.duration_ms) * 1_000,
      rssBytes: Math.max(taken.rssBytes, given.rssBytes),
    };
  });
  const of = (pick: (one: Measured) => number) => median(rounds.map(pick));
  return { enqueued: of((one) => one.enqueued), acked: of((one) => one.acked), rssBytes: of((one) => one.rssBytes) };
}

function fill(dir: string) {
  for (let rows = 0; rows < BACKLOG; ) {
    const flags = ["--max-packets", String(Math.min(BACKLOG - rows, 2_000_000)), "--drain-seconds", "1"];
    rows = queueOf(runOn(dir, "durable_away", ...flags)).ready!;
  }
}

function rowsOf(empty: Measured, full: Measured, restartMs: number): Row[] {
  const waiting = `${(BACKLOG / 1e6).toFixed(1)} M rows waiting`;
  const command = "bun run bench backlog";
  const row = (what: string, now: string, before: string, ratio: number, reach: string, ok: boolean): Row => {
    return { what: `${what}, ${waiting}`, figure: now, beside: `empty: ${before}`, ratio, reach, ok, command };
  };
  const rate = (what: string, of: (one: Measured) => number) => {
    const ratio = of(full) / of(empty);
    return row(what, `${thousands(of(full))}/s`, `${thousands(of(empty))}/s`, ratio, "≥ 0.8", ratio >= 0.8);
  };
  const memory = full.rssBytes / empty.rssBytes;
  return [
    rate("enqueue", (one) => one.enqueued),
    rate("lease and ack", (one) => one.acked),
    row("peak memory", megabytes(full.rssBytes), megabytes(empty.rssBytes), memory, "≤ 1.2", memory <= 1.2),
    {
      ...{ what: `start → first delivery, ${waiting}`, figure: `${(restartMs / 1_000).toFixed(2)} s`, beside: "—" },
      ...{ reach: "< 5 s", ok: restartMs < 5_000, command },
    },
  ];
}
