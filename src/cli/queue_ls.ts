import type { QueueSummary } from "../control/index.ts";
import { columns } from "./columns.ts";
import { defineCommand } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { LOOK_FLAGS, onQueues, printJson, QUEUE_EXITS, tellLost } from "./queue_command.ts";
import { corruptFiles, GRAPH_ARGUMENT, QUEUE_ARGUMENT } from "./queue_target.ts";

export const command = defineCommand({
  doc: "READY waits to be delivered, LEASED is being delivered, DEAD was given up and waits for a person. OLDEST is the age of the oldest row that is not delivered.",
  args: [GRAPH_ARGUMENT, QUEUE_ARGUMENT],
  flags: LOOK_FLAGS,
  examples: [
    ["schnitzel queue ls yard.yaml", "All queues of a graph, whether it runs or not."],
    ["schnitzel queue ls yard --state-dir /data --json", "By the graph's name, for a script."],
    ["schnitzel queue ls alarms.sqlite3", "The file of a sqlite_queue_sink."],
  ],
  exits: {
    ...QUEUE_EXITS,
    [EXIT.precondition]: "A file is damaged, which is shown beside the sound ones, or cannot be opened.",
  },
  run: (given) =>
    onQueues(
      given,
      async (asker, target, queue) => {
        const { ask, pid, lost } = asker;
        const { terminal, flags } = given;
        const queues = await ask<QueueSummary[]>("ls", { queue });
        const corrupt = corruptFiles(target);
        if (flags.json) {
          printJson(terminal, { graph: target.name, running: pid ?? null, queues, lost, corrupt_files: corrupt });
          return lost.length === 0 ? EXIT.ok : EXIT.precondition;
        }
        if (queues.length + lost.length === 0) terminal.err(`${target.name} keeps no queue\n`);
        else
          terminal.out(
            columns([HEAD, ...queues.map(row), ...lost.map(({ name }) => [name, "?", "?", "?", "?", "?", "damaged"])]),
          );
        for (const file of corrupt) {
          terminal.err(`damaged, moved aside: ${file}\n  hint: schnitzel queue repair ${file}\n`);
        }
        return tellLost(asker, terminal);
      },
      true,
    ),
});

const HEAD = ["QUEUE", "READY", "LEASED", "DEAD", "BYTES", "OLDEST", "STATE"];

const row = (queue: QueueSummary) => [
  queue.name,
  ...[queue.ready, queue.leased, queue.dead, queue.bytes].map(String),
  queue.oldest_age_sec === null ? "-" : ageText(queue.oldest_age_sec),
  stateText(queue),
];

function stateText({
  full,
  degraded,
  damaged,
  tail_lost,
  dropped_oldest,
  expired,
  dead_dropped,
}: QueueSummary): string {
  const counts = {
    "damaged rows": damaged,
    "rows lost": tail_lost,
    evicted: dropped_oldest,
    expired,
    "letters dropped": dead_dropped,
  };
  const told = Object.entries(counts).flatMap(([what, count]) => (count === 0 ? [] : [`${count} ${what}`]));
  return [...(full === null ? [] : [`full: ${full}`]), ...(degraded ? ["degraded"] : []), ...told].join(", ") || "ok";
}

/** Two units are enough to tell a minute from an hour. */
export function ageText(seconds: number): string {
  const units = [
    ["d", 86_400],
    ["h", 3_600],
    ["m", 60],
  ] as const;
  for (const [unit, size] of units) {
    if (seconds >= size) return `${(seconds / size).toFixed(seconds < 10 * size ? 1 : 0)}${unit}`;
  }
  return `${seconds.toFixed(seconds < 10 ? 1 : 0)}s`;
}
