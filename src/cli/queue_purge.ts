import { defineCommand, flag } from "./command/index.ts";
import { change } from "./queue_change.ts";
import { applies, CHANGE_FLAGS, onQueues, QUEUE_EXITS } from "./queue_command.ts";
import { DEAD_FLAG, FILTER_FLAGS, filterArguments } from "./queue_filter.ts";
import { GRAPH_ARGUMENT, ONE_QUEUE_ARGUMENT } from "./queue_target.ts";

export const command = defineCommand({
  doc: "What is removed is gone; export keeps a copy. Without a filter it is all of the queue. A row that is being delivered is left.",
  args: [GRAPH_ARGUMENT, ONE_QUEUE_ARGUMENT],
  flags: {
    ...DEAD_FLAG,
    ...FILTER_FLAGS,
    limit: flag.integer("N", "Rows at most, the oldest first.", 1),
    ...CHANGE_FLAGS,
  },
  examples: [
    ["schnitzel queue purge yard dead_letters --dead --until 30d", "Which letters are older than 30 days."],
    ["schnitzel queue purge yard dead_letters --dead --until 30d --yes", "Remove them."],
    ["schnitzel queue purge yard 'detect->alarms' --where 'payload.test == true' --yes", "What a test left."],
  ],
  exits: QUEUE_EXITS,
  run: ({ flags, ...given }) => {
    const filter = filterArguments(flags, flags.dead);
    return onQueues({ ...given, flags }, (asker, _, queue) => {
      const args = { queue, ...filter, ...(flags.limit === undefined ? {} : { limit: flags.limit }) };
      const words = { would: "would remove", did: "removed" };
      const what = flags.dead ? "dead letter" : "row";
      return change(asker, { verb: "purge", words, what, args, apply: applies(flags) }, flags.json, given.terminal);
    });
  },
});
