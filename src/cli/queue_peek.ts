import { type ListedRow, MAX_PEEK } from "../control/index.ts";
import { defineCommand, flag, UsageError } from "./command/index.ts";
import { LOOK_FLAGS, onQueues, printJson, QUEUE_EXITS } from "./queue_command.ts";
import { DEAD_FLAG, FILTER_FLAGS, filterArguments } from "./queue_filter.ts";
import { type Doubts, printDoubts, rowLines } from "./queue_rows.ts";
import { GRAPH_ARGUMENT, QUEUE_ARGUMENT } from "./queue_target.ts";

export const command = defineCommand({
  doc: "One line each: number, time, kind, source, key, tries, with --dead the node and its error, and the beginning of the payload. Nothing is taken out.",
  args: [GRAPH_ARGUMENT, QUEUE_ARGUMENT],
  flags: {
    ...DEAD_FLAG,
    ...FILTER_FLAGS,
    limit: flag.integer("N", `Rows shown; 20 unless given, at most ${MAX_PEEK}.`, 1),
    ...LOOK_FLAGS,
  },
  examples: [
    ["schnitzel queue peek yard.yaml 'detect->alarms'", "What is delivered next."],
    ["schnitzel queue peek yard --dead --node alarms --since 2h", "What alarms gave up in the last two hours."],
    ["schnitzel queue peek yard --where 'payload.celsius > 40' --json", "By what is in the packets, for a script."],
  ],
  exits: QUEUE_EXITS,
  run: ({ flags, ...given }) => {
    const filter = filterArguments(flags, flags.dead);
    if ((flags.limit ?? 0) > MAX_PEEK) {
      const hint = "schnitzel queue export writes all of them, as JSON lines";
      throw new UsageError(`--limit is at most ${MAX_PEEK} here: current value is ${flags.limit}`, hint);
    }
    return onQueues({ ...given, flags }, async ({ ask }, target, queue) => {
      const { terminal } = given;
      const limit = flags.limit === undefined ? {} : { limit: flags.limit };
      const found = await ask<{ rows: ListedRow[]; more: boolean } & Doubts>("peek", { queue, ...filter, ...limit });
      if (flags.json) printJson(terminal, { graph: target.name, ...found });
      else if (found.rows.length > 0) terminal.out(rowLines(found.rows));
      else terminal.err(flags.dead ? "no dead letter\n" : "no row waits\n");
      printDoubts(found, terminal);
      if (found.more && !flags.json) terminal.err("there are more; --limit shows them\n");
      return 0;
    });
  },
});
