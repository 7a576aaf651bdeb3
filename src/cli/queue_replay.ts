import { defineCommand, flag } from "./command/index.ts";
import { change } from "./queue_change.ts";
import { applies, CHANGE_FLAGS, onQueues, QUEUE_EXITS } from "./queue_command.ts";
import { DEAD_FLAG, FILTER_FLAGS, filterArguments } from "./queue_filter.ts";
import { GRAPH_ARGUMENT, QUEUE_ARGUMENT } from "./queue_target.ts";

export const command = defineCommand({
  doc: "A letter goes back to where it failed: those of an edge to the end of its queue, those of dead_letters into the input of their node. A running graph delivers them at once, another one when it runs next. One that fails again is a dead letter again.",
  args: [GRAPH_ARGUMENT, QUEUE_ARGUMENT],
  flags: {
    ...DEAD_FLAG,
    ...FILTER_FLAGS,
    to: flag.text("NODE", "Send letters of dead_letters to this node instead, or to NODE.PORT."),
    limit: flag.integer("N", "Letters at most, the oldest first.", 1),
    ...CHANGE_FLAGS,
  },
  examples: [
    ["schnitzel queue replay yard --dead --node alarms --since 2h", "Which letters that would be."],
    ["schnitzel queue replay yard --dead --node alarms --since 2h --yes", "Put them back."],
    ["schnitzel queue replay yard.yaml --dead --node old_alarms --to alarms --yes", "After a node was renamed."],
  ],
  exits: QUEUE_EXITS,
  run: ({ flags, ...given }) => {
    const filter = filterArguments(flags, true);
    return onQueues({ ...given, flags }, (asker, _, queue) => {
      const { to, limit } = flags;
      const args = { queue, ...filter, ...(to === undefined ? {} : { to }), ...(limit === undefined ? {} : { limit }) };
      const words = { would: "would replay", did: "replayed" };
      const asked = { verb: "replay", words, what: "dead letter", args, apply: applies(flags) } as const;
      return change(asker, asked, flags.json, given.terminal);
    });
  },
});
