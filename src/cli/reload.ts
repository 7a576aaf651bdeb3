import * as fs from "node:fs";
import * as path from "node:path";
import { askReload, isDone, RELOAD_FLAGS, socketOfRun } from "./ask_reload.ts";
import { defineCommand, flag } from "./command/index.ts";
import { EXIT } from "./exit.ts";

const MEND = "the run goes on as it was: mend the file, and give the command again";

export const command = defineCommand({
  doc: "Asks the run of a graph to read it again and to put it in the place of the one that runs. New nodes are opened beside the old ones; when all that changes is at rest, the wiring is changed between two packets. Until then every failure leaves the old graph as it was, running. Only what changes is touched: nodes that stay keep their state and their connections.",
  args: [
    {
      name: "GRAPH",
      doc: "A file of the graph, which is read; or its name: then the file is read that the run began with.",
    },
  ],
  flags: {
    file: flag.text("FILE", "Read the graph from this file, and take GRAPH for nothing but its name."),
    ...RELOAD_FLAGS,
  },
  examples: [
    ["schnitzel reload yard.yaml", "The file has been changed; the run takes it over."],
    ["schnitzel reload yard --state-dir /data --file yard.new.yaml --json", "From another file, for a script."],
  ],
  exits: {
    [EXIT.ok]: "The new graph runs, or nothing had changed.",
    [EXIT.failure]: "It was tried and taken back, or refused: the old graph goes on.",
    [EXIT.invalid]: "Usage, or GRAPH is a file with an error: the run was not asked.",
    [EXIT.precondition]: "The graph does not run, or its run cannot be asked.",
  },
  async run({ args, flags, terminal }) {
    const socket = await socketOfRun(args[0]!, flags, terminal, MEND);
    if (socket === undefined) return EXIT.precondition;
    const given = path.resolve(terminal.cwd, flags.file ?? args[0]!);
    const isFile = flags.file !== undefined || fs.statSync(given, { throwIfNoEntry: false })?.isFile() === true;
    const file = isFile ? { file: given } : {};
    return isDone(await askReload(socket, file, flags, terminal)) ? EXIT.ok : EXIT.failure;
  },
});
