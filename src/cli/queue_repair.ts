import * as path from "node:path";
import { systemClock } from "../base/clock.ts";
import { controlOwner, queuesNamed } from "../control/index.ts";
import { inspectQueueFile } from "../store/index.ts";
import { defineCommand, flag, UsageError } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { applies, CHANGE_FLAGS, printJson, QUEUE_EXITS, refused, tellMissing } from "./queue_command.ts";
import { hasRows, type Saved, saveRows } from "./queue_salvage.ts";
import {
  corruptFiles,
  findTarget,
  GRAPH_ARGUMENT,
  isAside,
  originOf,
  QUEUE_ARGUMENT,
  type QueueTarget,
} from "./queue_target.ts";
import { refuseUnsound } from "./queue_unsound.ts";
import type { Terminal } from "./terminal.ts";

export const command = defineCommand({
  doc: "A run that meets a damaged queue moves it to FILE.corrupt-TIME and goes on with an empty one. This reads such a file, or one that is still in its place, row by row, and puts what can be read into the queue it came from; a row whose key is there already stays out. The graph must not run. The damaged file is kept, as FILE.salvaged-TIME.",
  args: [GRAPH_ARGUMENT, QUEUE_ARGUMENT],
  flags: { into: flag.text("FILE", "Put the rows into this queue file instead; it is made."), ...CHANGE_FLAGS },
  examples: [
    ["schnitzel queue repair yard", "What could be saved of all its damaged files."],
    ["schnitzel queue repair yard --yes", "Save it."],
    ["schnitzel queue repair old.sqlite3 --into new.sqlite3 --yes", "Also for a file of the predecessor."],
  ],
  exits: { ...QUEUE_EXITS, [EXIT.owned]: "The graph runs, or another process has the file." },
  async run({ args: [graph, queue], flags, terminal }) {
    const target = await findTarget(graph!, flags, terminal);
    tellMissing(target, terminal);
    const pid = target.dir === undefined ? undefined : await controlOwner(target.dir.socket, systemClock);
    if (pid !== undefined) return runs(target, pid, terminal);
    try {
      const into = flags.into === undefined ? undefined : path.resolve(terminal.cwd, flags.into);
      const damaged = await damagedFiles(target, queue, into !== undefined);
      if (into !== undefined && damaged.length > 1)
        throw new UsageError("--into takes one damaged file", `there are ${damaged.join(", ")}`);
      const saved: Saved[] = [];
      for (const file of damaged) saved.push(await saveRows(file, into ?? originOf(file), applies(flags)));
      print(saved, applies(flags), flags.json, terminal);
      return EXIT.ok;
    } catch (error) {
      return refused(error, terminal);
    }
  },
});

function runs({ name }: QueueTarget, pid: number, terminal: Terminal): number {
  terminal.err(`QUEUE_BUSY: ${name} runs as process ${pid}, which has its queues; stop it to repair them\n`);
  return EXIT.owned;
}

/** Those moved aside, and those that still stand in their place; with `any` also a sound one that was named. */
async function damagedFiles(target: QueueTarget, queue: string | undefined, any: boolean): Promise<string[]> {
  const named = queuesNamed(target.files, queue).map(({ file }) => file);
  if (target.dir === undefined && isAside(named[0]!)) return named;
  const inPlace = [];
  for (const file of named) if (any || (await isDamaged(file))) inPlace.push(file);
  // Of a whole graph also what came from a queue that is not there any more.
  const all = target.dir !== undefined && queue === undefined;
  return [...corruptFiles(target).filter((file) => all || named.includes(originOf(file))), ...inPlace];
}

/** Refuses what it cannot say of: that nothing is damaged would be believed. */
async function isDamaged(file: string): Promise<boolean> {
  const { state } = inspectQueueFile(file);
  if (state === "damaged") return true;
  if (state === "foreign" && (await hasRows(file))) return true;
  if (state !== "ok" && state !== "busy") refuseUnsound(file);
  return false;
}

function print(saved: readonly Saved[], applied: boolean, json: boolean, terminal: Terminal) {
  if (json) return printJson(terminal, { applied, files: saved });
  if (saved.length === 0) terminal.err("nothing is damaged; schnitzel queue verify looks at every row\n");
  for (const { file, into, rows, dead, damaged, unreadable, known, kept_as } of saved) {
    const lost =
      damaged + unreadable === 0 ? "" : `; ${damaged} rows are damaged, and ${unreadable} places cannot be read`;
    const verb = applied ? "saved" : "would save";
    terminal.out(`${file}: ${verb} ${rows} rows and ${dead} dead letters into ${into}${lost}\n`);
    if (applied)
      terminal.out(
        `  ${known} rows were there already${kept_as === undefined ? "" : `; the damaged file is ${kept_as}`}\n`,
      );
  }
  if (!applied && saved.length > 0) terminal.err("nothing was changed; --yes does it\n");
}
