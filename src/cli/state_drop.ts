import { systemClock } from "../base/clock.ts";
import { dropState } from "../store/index.ts";
import { defineCommand } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { applies, CHANGE_FLAGS, printJson } from "./queue_command.ts";
import { onState, STATE_EXITS, STATE_GRAPH, STATE_NODE, shortName, stateNamed } from "./state_target.ts";

export const command = defineCommand({
  doc: "The node begins without its state in the next run, and all others go on with theirs. What it had counted does not come again: rows that are in the checkpoint are done. schnitzel run --fresh-state drops the states of all nodes.",
  args: [STATE_GRAPH, STATE_NODE],
  flags: CHANGE_FLAGS,
  examples: [
    ["schnitzel state drop yard minute", "What would be dropped."],
    ["schnitzel state drop yard minute --yes", "Drop it."],
  ],
  exits: STATE_EXITS,
  run: ({ args, flags, terminal }) =>
    onState({ args, flags, terminal }, (kept) => {
      const state = stateNamed(args[1]!, kept);
      const apply = applies(flags);
      if (apply) {
        const onEvent = (_: string, message: string) => terminal.err(`${message}\n`);
        dropState(kept.dir.state, state.part, { clock: systemClock, onEvent, allowNetworkDisk: true });
      }
      const what = { graph: kept.name, node: shortName(state), kind: state.kind, bytes: state.bytes };
      if (flags.json) printJson(terminal, { applied: apply, ...what });
      else
        terminal.out(
          `${what.node}: ${apply ? "dropped" : "would drop"} its state, of ${new Date(state.takenMs).toISOString()}\n`,
        );
      if (!apply && !flags.json) terminal.err("nothing was changed; --yes does it\n");
      return EXIT.ok;
    }),
});
