import { defineCommand } from "./command/index.ts";
import { changeRunning, EDIT_EXITS, EDIT_FLAGS } from "./running_graph.ts";

export const command = defineCommand({
  doc: "Puts another node in the place of one of a running graph, under the same id. Its edges stay, and its state is carried over where the new node reads it.",
  args: [
    { name: "GRAPH", doc: "The graph's file, or its name." },
    { name: "NODE", doc: "The id of the one that goes." },
    { name: "WITH", doc: "As in nodes of a graph, without id: '{ plugin: rate_limit, config: { limit: 9 } }'." },
  ],
  flags: EDIT_FLAGS,
  examples: [
    ["schnitzel control node replace yard few '{ plugin: rate_limit, config: { limit: 9 } }'", "Another limit."],
  ],
  exits: EDIT_EXITS,
  run: ({ args, flags, terminal }) =>
    changeRunning(args[0]!, { what: "replace", id: args[1]!, node: args[2]! }, flags, terminal),
});
