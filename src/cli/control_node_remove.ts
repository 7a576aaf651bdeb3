import { defineCommand, flag } from "./command/index.ts";
import { changeRunning, EDIT_EXITS, EDIT_FLAGS } from "./running_graph.ts";

export const command = defineCommand({
  doc: "Takes a node out of a running graph. Nodes before it are joined to those behind it; what is written on its edges, such as durable, goes along.",
  args: [
    { name: "GRAPH", doc: "The graph's file, or its name." },
    { name: "NODE", doc: "Its id." },
  ],
  flags: { cut: flag.toggle("Take its edges away, and join nothing."), ...EDIT_FLAGS },
  examples: [["schnitzel control node remove yard few", "What was before it goes to what is behind it."]],
  exits: EDIT_EXITS,
  run: ({ args, flags, terminal }) =>
    changeRunning(args[0]!, { what: "remove", id: args[1]!, cut: flags.cut }, flags, terminal),
});
