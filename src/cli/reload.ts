import * as path from "node:path";
import { askReload, isDone, RELOAD_FLAGS, socketOfRun } from "./ask_reload.ts";
import { defineCommand, flag } from "./command/index.ts";
import { EXIT } from "./exit.ts";

export const command = defineCommand({
  doc: "Asks the run of a graph to read it again and to put it in the place of the one that runs. New nodes are opened beside the old ones; when all that changes is at rest, the wiring is changed between two packets. Until then every failure leaves the old graph as it was, running. Only what changes is touched: nodes that stay keep their state and their connections.",
  args: [{ name: "GRAPH", doc: "The graph's file, or its name." }],
  flags: {
    file: flag.text("FILE", "Read the graph from this file, instead of the one that the run began with."),
    ...RELOAD_FLAGS,
  },
  examples: [
    ["schnitzel reload yard.yaml", "The file has been changed; the run takes it over."],
    ["schnitzel reload yard --state-dir /data --file yard.new.yaml --json", "From another file, for a script."],
  ],
  exits: {
    [EXIT.ok]: "The new graph runs, or nothing had changed.",
    [EXIT.failure]: "It was tried and taken back, or refused: the old graph goes on.",
    [EXIT.invalid]: "Usage.",
    [EXIT.precondition]: "The graph does not run, or its run cannot be asked.",
  },
  async run({ args, flags, terminal }) {
    const socket = await socketOfRun(args[0]!, flags, terminal);
    if (socket === undefined) return EXIT.precondition;
    const file = flags.file === undefined ? {} : { file: path.resolve(terminal.cwd, flags.file) };
    return isDone(await askReload(socket, file, flags, terminal)) ? EXIT.ok : EXIT.failure;
  },
});
