import { defineCommand, UsageError } from "./command/index.ts";
import { LOOK_FLAGS, onQueues, printJson, QUEUE_EXITS } from "./queue_command.ts";
import { DEAD_FLAG } from "./queue_filter.ts";
import { GRAPH_ARGUMENT } from "./queue_target.ts";

export const command = defineCommand({
  doc: "Prints the packet and all that is known of it as JSON. QUEUE may be left out where the graph has one edge with a queue (dead_letters is named always), or GRAPH is a queue's file.",
  args: [
    GRAPH_ARGUMENT,
    {
      name: "QUEUE_OR_SEQ",
      doc: "One of its queues, such as detect->alarms (quote it) or dead_letters; or the row's number, where the graph has one edge with a queue or GRAPH is a queue's file.",
      optional: true,
    },
    { name: "SEQ", doc: "The row's number, as peek shows it.", optional: true },
  ],
  flags: { ...DEAD_FLAG, ...LOOK_FLAGS },
  examples: [
    ["schnitzel queue show yard 'detect->alarms' 7", "Row 7 of that edge."],
    ["schnitzel queue show yard dead_letters 3 --dead", "A dead letter, with its error and stack."],
  ],
  exits: QUEUE_EXITS,
  run: ({ args: [graph, ...rest], flags, terminal }) => {
    const number = rest.at(-1);
    const queue = rest.length === 2 ? [rest[0]!] : [];
    if (number === undefined || !/^#?\d+$/.test(number)) {
      throw new UsageError("SEQ must be a row's number", "schnitzel queue peek shows them");
    }
    const seq = Number(number.replace("#", ""));
    return onQueues({ args: [graph!, ...queue], flags, terminal }, async ({ ask }, _, queue) => {
      const row = await ask<object>("show", { queue, dead: flags.dead, seq });
      printJson(terminal, row);
      return 0;
    });
  },
});
