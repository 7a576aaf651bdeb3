import { defineCommand, flag } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { printJson } from "./queue_command.ts";
import { TARGET_FLAGS } from "./queue_target.ts";
import { SHOWN_ITEMS, shown } from "./shown_state.ts";
import { onState, STATE_EXITS, STATE_GRAPH, STATE_NODE, shortName, stateNamed } from "./state_target.ts";

export const command = defineCommand({
  doc: "Prints what the node gave at the last checkpoint: its keys, windows, packets that it holds. What the fields mean is the node's own affair, and may change with its version. Bytes are counted, not shown.",
  args: [STATE_GRAPH, STATE_NODE],
  flags: {
    ...TARGET_FLAGS,
    limit: flag.integer("N", `Items of each list and map; ${SHOWN_ITEMS} unless given.`, 1),
  },
  examples: [["schnitzel state show yard minute", "The windows that node minute had open."]],
  exits: STATE_EXITS,
  run: ({ args, flags, terminal }) =>
    onState({ args, flags, terminal }, (kept) => {
      const state = stateNamed(args[1]!, kept);
      printJson(terminal, {
        ...{ graph: kept.name, node: shortName(state), kind: state.kind, version: state.version, bytes: state.bytes },
        ...{ changed_at: new Date(state.takenMs).toISOString(), fault: state.fault ?? null },
        state: shown(state.state, flags.limit),
      });
      return EXIT.ok;
    }),
});
