import { defineCommand, flag, UsageError } from "./command/index.ts";
import { changeRunning, EDIT_EXITS, EDIT_FLAGS } from "./running_graph.ts";

export const command = defineCommand({
  doc: "Puts a node into an edge of a running graph. What is written on the edge, such as durable, then stands on the part behind the new node.",
  args: [
    { name: "GRAPH", doc: "The graph's file, or its name." },
    { name: "NODE", doc: "As in nodes of a graph: '{ id: few, plugin: rate_limit, config: { limit: 5 } }'." },
  ],
  flags: {
    on: flag.text("FROM->TO", "The edge, with ports where they are needed: 'a->b' or 'a.out->b.in' (quote it)."),
    input: flag.text("PORT", "Input of the new node, where it has more than one."),
    output: flag.text("PORT", "Output of the new node, where it has more than one."),
    ...EDIT_FLAGS,
  },
  examples: [
    [
      "schnitzel control node insert yard '{ id: few, plugin: rate_limit, config: { limit: 5 } }' --on 'in->out'",
      "At most 5 packets a second get through from now on.",
    ],
  ],
  exits: EDIT_EXITS,
  run({ args, flags, terminal }) {
    const { on, input, output } = flags;
    if (on === undefined) throw new UsageError("--on is missing", "write the edge that it goes into: --on 'a->b'");
    return changeRunning(args[0]!, { what: "insert", node: args[1]!, on, input, output }, flags, terminal);
  },
});
