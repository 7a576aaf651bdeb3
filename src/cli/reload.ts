import * as path from "node:path";
import { systemClock } from "../base/clock.ts";
import { callControl, controlOwner } from "../control/index.ts";
import { changesText } from "./changes_text.ts";
import { defineCommand, flag, UsageError } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { findTarget, TARGET_FLAGS } from "./queue_target.ts";
import type { RunReload } from "./run_reload.ts";

export const command = defineCommand({
  doc: "Asks the run of a graph to read it again and to put it in the place of the one that runs. New nodes are opened beside the old ones; when all that changes is at rest, the wiring is changed between two packets. Until then every failure leaves the old graph as it was, running. Only what changes is touched: nodes that stay keep their state and their connections.",
  args: [{ name: "GRAPH", doc: "The graph's file, or its name." }],
  flags: {
    ...TARGET_FLAGS,
    file: flag.text("FILE", "Read the graph from this file, instead of the one that the run began with."),
    "drop-state": flag.toggle("State of nodes that go, or that cannot take it over, may be dropped."),
    orphan: flag.toggle("Packets in durable edges that go may be left on the disk."),
    "deadline-seconds": flag.amount("S", "Time for what is under way to finish; 10 unless given."),
    json: flag.toggle("Print what happened as JSON."),
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
    const { dir, name } = await findTarget(args[0]!, flags, terminal);
    if (dir === undefined) throw new UsageError(`${name} is a queue`, "name the graph");
    if ((await controlOwner(dir.socket, systemClock)) === undefined) {
      terminal.err(`${name} does not run with ${dir.path}: start it with schnitzel run, and a --state-dir\n`);
      return EXIT.precondition;
    }
    const seconds = flags["deadline-seconds"];
    const asked = {
      ...(flags.file === undefined ? {} : { file: path.resolve(terminal.cwd, flags.file) }),
      ...{ drop_state: flags["drop-state"], orphan: flags.orphan },
      ...(seconds === undefined ? {} : { deadline_ms: seconds * 1_000 }),
    };
    const result = (await callControl(dir.socket, "reload", asked, { clock: systemClock })) as RunReload;
    if (flags.json) terminal.out(`${JSON.stringify({ schema_version: 1, ...result }, null, 2)}\n`);
    else tell(result, terminal);
    return result.outcome === "reloaded" || result.outcome === "unchanged" ? EXIT.ok : EXIT.failure;
  },
});

function tell(
  { outcome, generation, reason, hint, findings, changes, pauseMs }: RunReload,
  { out, err }: { out(text: string): void; err(text: string): void },
) {
  if (findings) err(`${findings}\n`);
  if (changes !== undefined && outcome !== "unchanged") out(changesText(changes, new Map()));
  const pause = pauseMs === undefined ? "" : `, sources stood still for ${pauseMs.toFixed(1)} ms`;
  const why = reason === undefined ? "" : `: ${reason}`;
  out(`${outcome.replace("_", " ")} (generation ${generation}${pause})${why}\n`);
  if (hint) err(`  hint: ${hint}\n`);
}
