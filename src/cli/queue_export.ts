import * as path from "node:path";
import { defineCommand, flag } from "./command/index.ts";
import { counted } from "./counted.ts";
import { LOOK_FLAGS, onQueues, printJson, QUEUE_EXITS } from "./queue_command.ts";
import { DEAD_FLAG, FILTER_FLAGS, filterArguments } from "./queue_filter.ts";
import { type Doubts, printDoubts } from "./queue_rows.ts";
import { GRAPH_ARGUMENT, QUEUE_ARGUMENT } from "./queue_target.ts";
import { replacingFile } from "./replacing_file.ts";

export const command = defineCommand({
  doc: "One JSON object a line: the packet, and beside it queue, seq, key, attempts and times, of dead letters node, error and stack. Nothing is taken out of the queue. A file is there whole and on the disk when the command ends, or not at all.",
  args: [GRAPH_ARGUMENT, QUEUE_ARGUMENT],
  flags: {
    ...DEAD_FLAG,
    ...FILTER_FLAGS,
    limit: flag.integer("N", "Rows at most, the oldest first.", 1),
    out: flag.text("FILE", "Write there instead of stdout; the summary goes to stdout then."),
    force: flag.toggle("Replace FILE when it is there."),
    ...LOOK_FLAGS,
  },
  examples: [
    ["schnitzel queue export yard --dead --out letters.jsonl", "All dead letters, for a look in an editor."],
    ["schnitzel queue export yard 'detect->alarms' --since 1d", "A day's rows, to stdout."],
  ],
  exits: QUEUE_EXITS,
  run: ({ flags, ...given }) => {
    const { terminal } = given;
    const filter = filterArguments(flags, flags.dead);
    return onQueues({ ...given, flags }, async ({ ask }, target, queue) => {
      const limit = flags.limit === undefined ? {} : { limit: flags.limit };
      const file =
        flags.out === undefined ? undefined : replacingFile(path.resolve(terminal.cwd, flags.out), flags.force);
      try {
        const write = file?.write ?? terminal.out;
        const line = (item: unknown) => write(`${JSON.stringify(item)}\n`);
        const told = await ask<{ exported: number } & Doubts>("export", { queue, ...filter, ...limit }, line);
        file?.finish();
        if (flags.json && file !== undefined) printJson(terminal, { graph: target.name, file: flags.out, ...told });
        else if (file !== undefined) terminal.out(`wrote ${counted(told.exported, "line")} to ${flags.out}\n`);
        printDoubts(told, terminal);
        return 0;
      } finally {
        file?.close();
      }
    });
  },
});
