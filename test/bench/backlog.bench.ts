import { queueOf, runOn, thousands, withState } from "./durable.bench.ts";
import { firstLine } from "./latency.bench.ts";
import { median, megabytes, type Row } from "./measure.ts";

/** Rows that wait, and rows of one measurement. */
const BACKLOG = Number(process.env.SCHNITZEL_BENCH_BACKLOG ?? 5_000_000);
const SLICE = 500_000;
const DRAIN_SEC = 4;
const RESTARTS = 3;
/** Of the empty and the full queue by turns: a disk changes its pace within minutes. */
const ROUNDS = 5;

/** Whether a queue of millions of rows takes and gives as an empty one does. Takes some minutes. */
export function backlog(): Promise<Row[]> {
  return withState((full) =>
    withState(async (empty) => {
      fill(full);
      const restartMs: number[] = [];
      for (let at = 0; at < RESTARTS; at++) restartMs.push(await firstLine(full));
      const rounds = Array.from({ length: ROUNDS }, () => ({ empty: emptied(empty), full: measured(full) }));
      return rowsOf(rounds, median(restartMs));
    }),
  );
}

interface Measured {
  enqueued: number;
  acked: number;
  rssBytes: number;
}

interface Round {
  empty: Measured;
  full: Measured;
}

/** Enqueues and drains, so that every round begins at about the same depth. */
function measured(dir: string): Measured {
  const taken = runOn(dir, "durable_away", "--max-packets", String(SLICE), "--drain-seconds", "0");
  const given = runOn(dir, "durable_drain", "--max-seconds", String(DRAIN_SEC), "--drain-seconds", "0");
  return {
    enqueued: (queueOf(taken).enqueued! / taken.duration_ms) * 1_000,
    acked: (queueOf(given).acked! / given.duration_ms) * 1_000,
    rssBytes: Math.max(taken.rssBytes, given.rssBytes),
  };
}

function emptied(dir: string): Measured {
  const round = measured(dir);
  runOn(dir, "durable_drain");
  return round;
}

function fill(dir: string) {
  for (let rows = 0; rows < BACKLOG; ) {
    const flags = ["--max-packets", String(Math.min(BACKLOG - rows, 2_000_000)), "--drain-seconds", "1"];
    rows = queueOf(runOn(dir, "durable_away", ...flags)).ready!;
  }
}

function rowsOf(rounds: readonly Round[], restartMs: number): Row[] {
  const waiting = `${(BACKLOG / 1e6).toFixed(1)} M rows waiting`;
  const command = "bun run bench backlog";
  const of = (which: keyof Round, pick: keyof Measured) => median(rounds.map((round) => round[which][pick]));
  const ratioOf = (pick: keyof Measured) => median(rounds.map(({ full, empty }) => full[pick] / empty[pick]));
  const row = (
    what: string,
    pick: keyof Measured,
    shown: (value: number) => string,
    reach: string,
    ok: boolean,
  ): Row => {
    const [figure, beside] = [shown(of("full", pick)), `empty: ${shown(of("empty", pick))}`];
    return { what: `${what}, ${waiting}`, figure, beside, ratio: ratioOf(pick), reach, ok, command };
  };
  const rate = (what: string, pick: "enqueued" | "acked") =>
    row(what, pick, (value) => `${thousands(value)}/s`, "≥ 0.8", ratioOf(pick) >= 0.8);
  return [
    rate("enqueue", "enqueued"),
    rate("lease and ack", "acked"),
    row("peak memory", "rssBytes", megabytes, "≤ 1.2", ratioOf("rssBytes") <= 1.2),
    {
      ...{ what: `start → first delivery, ${waiting}`, figure: `${(restartMs / 1_000).toFixed(2)} s`, beside: "—" },
      ...{ reach: "< 5 s", ok: restartMs < 5_000, command },
    },
  ];
}
