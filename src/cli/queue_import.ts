import * as path from "node:path";
import { IMPORT_LINES } from "../control/index.ts";
import { defineCommand, flag, UsageError } from "./command/index.ts";
import { counted } from "./counted.ts";
import { EXIT } from "./exit.ts";
import type { Asker } from "./queue_asker.ts";
import { applies, CHANGE_FLAGS, onQueues, printJson, QUEUE_EXITS } from "./queue_command.ts";
import { DEAD_FLAG } from "./queue_filter.ts";
import { type Line, linesOfFile, linesOfInput } from "./queue_lines.ts";
import { GRAPH_ARGUMENT, ONE_QUEUE_ARGUMENT } from "./queue_target.ts";

/** Faults shown; a file that is no export has one in every line. */
const MAX_FAULTS = 10;
/** Characters of one call; each is one transaction. */
const BATCH_CHARS = 1024 * 1024;

interface Told {
  read: number;
  faults: string[];
  written: number;
  duplicates: number;
}

export const command = defineCommand({
  doc: "Takes what export wrote, or packets as they are, one JSON object a line. All lines are checked before the first is written. A key that the queue knows is not written again, so an import that was broken off can be repeated. With --dead they become dead letters.",
  args: [GRAPH_ARGUMENT, ONE_QUEUE_ARGUMENT],
  flags: {
    from: flag.text("FILE", "Read this file; standard input without it, of which at most 256 MiB are taken."),
    ...DEAD_FLAG,
    ...CHANGE_FLAGS,
  },
  examples: [
    ["schnitzel queue import yard 'detect->alarms' --from rows.jsonl", "Check the lines."],
    ["schnitzel queue import yard 'detect->alarms' --from rows.jsonl --yes", "Put them into the queue."],
    ["schnitzel queue import yard dead_letters --dead --from letters.jsonl --yes", "Dead letters of another box."],
  ],
  exits: { ...QUEUE_EXITS, [EXIT.invalid]: "A line is no packet, there is no such queue, or usage." },
  run: ({ flags, ...given }) => {
    const { terminal } = given;
    return onQueues({ ...given, flags }, async (asker, target, queue) => {
      const source =
        flags.from === undefined ? await linesOfInput(terminal) : linesOfFile(path.resolve(terminal.cwd, flags.from));
      const args = { queue, dead: flags.dead };
      const checked = await passOver(source, asker, { ...args, apply: false });
      const done = checked.faults.length === 0 && applies(flags);
      const told = done ? await passOver(source, asker, { ...args, apply: true }) : checked;
      if (flags.json) printJson(terminal, { graph: target.name, applied: done, ...told });
      else {
        for (const fault of told.faults.slice(0, MAX_FAULTS)) terminal.err(`${fault}\n`);
        if (told.faults.length > 0) terminal.err(`${counted(told.faults.length, "fault")}; nothing was written\n`);
        else if (done) terminal.out(`wrote ${counted(told.written, "line")}, ${told.duplicates} known already\n`);
        else terminal.out(`would write ${counted(told.read, "line")}, but for those whose key is known\n`);
        if (!done && told.faults.length === 0) terminal.err("nothing was changed; --yes does it\n");
      }
      return told.faults.length === 0 ? EXIT.ok : EXIT.invalid;
    });
  },
});

async function passOver(source: () => AsyncIterable<Line>, { ask }: Asker, args: object): Promise<Told> {
  const total: Told = { read: 0, faults: [], written: 0, duplicates: 0 };
  for await (const lines of batches(source())) {
    const { read, faults, written, duplicates } = await ask<Told>("import", { ...args, lines });
    total.read += read;
    total.written += written;
    total.duplicates += duplicates;
    total.faults.push(...faults);
    if (total.faults.length > 1_000)
      throw new UsageError(`more than 1000 lines are no packets; the first: ${total.faults[0]}`);
  }
  return total;
}

async function* batches(lines: AsyncIterable<Line>): AsyncGenerator<Line[]> {
  let batch: Line[] = [];
  let chars = 0;
  for await (const line of lines) {
    batch.push(line);
    chars += line.text.length;
    if (batch.length < IMPORT_LINES && chars < BATCH_CHARS) continue;
    yield batch;
    batch = [];
    chars = 0;
  }
  if (batch.length > 0) yield batch;
}
