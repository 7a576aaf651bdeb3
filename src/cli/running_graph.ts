import * as fs from "node:fs";
import * as path from "node:path";
import { systemClock } from "../base/clock.ts";
import { callControl } from "../control/index.ts";
import { EditRefused, editNodes, type NodeEdit } from "../graph/index.ts";
import { askReload, isDone, RELOAD_FLAGS, socketOfRun } from "./ask_reload.ts";
import { type FlagValues, flag, UsageError } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import type { Terminal } from "./terminal.ts";
import { writeNewFiles } from "./write_files.ts";

export const EDIT_FLAGS = {
  print: flag.toggle("Print the graph that would run, and change nothing."),
  write: flag.text("FILE", "Write the graph that runs then to this new file, beside the old one."),
  ...RELOAD_FLAGS,
};

export const EDIT_EXITS = {
  [EXIT.ok]: "The changed graph runs.",
  [EXIT.failure]: "It was tried and taken back, or refused: the old graph goes on.",
  [EXIT.invalid]: "Usage, or the graph has no such node or edge.",
  [EXIT.precondition]: "The graph does not run, or its run cannot be asked.",
};

/** Changes the graph that a run has now, which may be another than its file says. */
export async function changeRunning(
  given: string,
  edit: NodeEdit,
  flags: FlagValues<typeof EDIT_FLAGS>,
  terminal: Terminal,
): Promise<number> {
  const { write } = flags;
  // Before the run is changed, and nothing of it could be kept.
  if (write !== undefined && fs.existsSync(path.resolve(terminal.cwd, write))) {
    throw new UsageError(`${write} would be overwritten`, "choose another name; nothing has been changed");
  }
  const socket = await socketOfRun(given, flags, terminal);
  if (socket === undefined) return EXIT.precondition;
  const runs = (await callControl(socket, "graph", {}, { clock: systemClock })) as Written;
  if (runs.text === null) throw new UsageError(`the graph of ${given} came from no file, and cannot be changed`);
  const text = edited(runs.text, edit);
  if (flags.print) {
    terminal.out(text);
    return EXIT.ok;
  }
  const result = await askReload(socket, { text, generation: runs.generation }, flags, terminal);
  if (!isDone(result)) return EXIT.failure;
  if (write !== undefined) writeNewFiles([{ path: write, text }], false, terminal);
  else terminal.err("only this run knows of the change: its file is as it was, and --write FILE keeps the graph\n");
  return EXIT.ok;
}

interface Written {
  readonly text: string | null;
  readonly generation: number;
}

function edited(text: string, edit: NodeEdit): string {
  try {
    return editNodes(text, edit);
  } catch (error) {
    if (!(error instanceof EditRefused)) throw error;
    throw new UsageError(error.message, error.hint);
  }
}
