import type { DeadRow, QueueRow, QueueStats } from "../../src/store/index.ts";
import type { QueueHost } from "../../src/store/queue_host.ts";

/** More rows than a seed makes. */
const ALL = { afterSeq: 0, count: 100_000 };

export interface Look {
  faults: string[];
  dead: DeadRow[];
  waiting: QueueRow[];
  stats: QueueStats;
}

/** What is in a file when nothing runs, and what is wrong with it. Closes it. */
export function look(host: QueueHost): Look {
  const asked = [{ op: "verify" as const }, { op: "dead" as const, ...ALL }, { op: "scan" as const, ...ALL }];
  const { answers, stats } = host.round(
    asked.map((operation, id) => ({ id, operation })),
    0,
  );
  const [faults, dead, waiting] = answers.map((answer) => (answer as { value: unknown }).value);
  host.close(0);
  return { faults: faults as string[], dead: dead as DeadRow[], waiting: waiting as QueueRow[], stats };
}
