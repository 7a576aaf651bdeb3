import { systemClock } from "../base/clock.ts";
import { callControl, controlOwner } from "../control/index.ts";
import { changesText } from "./changes_text.ts";
import { type FlagValues, flag, UsageError } from "./command/index.ts";
import { findTarget, TARGET_FLAGS } from "./queue_target.ts";
import type { RunReload } from "./run_reload.ts";
import type { Terminal } from "./terminal.ts";

/** Flags of every command that changes a running graph. */
export const RELOAD_FLAGS = {
  ...TARGET_FLAGS,
  "drop-state": flag.toggle(
    "State of nodes that go, or that cannot take it over, and values of cells that go may be dropped.",
  ),
  orphan: flag.toggle("Packets in durable edges that go may be left on the disk."),
  "deadline-seconds": flag.amount("S", "Time for what is under way to finish; 10 unless given."),
  json: flag.toggle("Print what happened as JSON."),
};

type Flags = FlagValues<typeof RELOAD_FLAGS>;

/** Where the run of a graph can be asked; undefined, and said, when there is none. */
export async function socketOfRun(
  given: string,
  flags: Flags,
  terminal: Terminal,
  ofErrors = "name the graph instead of its file; only the name is needed to find its run",
): Promise<string | undefined> {
  const { dir, name } = await findTarget(given, flags, terminal, ofErrors);
  if (dir === undefined) throw new UsageError(`${name} is a queue`, "name the graph");
  if ((await controlOwner(dir.socket, systemClock)) !== undefined) return dir.socket;
  terminal.err(`${name} does not run with ${dir.path}: start it with schnitzel run, and a --state-dir\n`);
  return undefined;
}

/** The graph to be read: the run's own file unless something is said. */
export interface Given {
  readonly file?: string;
  readonly text?: string;
  /** What `text` was made of. */
  readonly generation?: number;
}

/** Asks the run, waits, and tells what happened. */
export async function askReload(socket: string, given: Given, flags: Flags, terminal: Terminal): Promise<RunReload> {
  const seconds = flags["deadline-seconds"];
  const deadline = seconds === undefined ? {} : { deadline_ms: seconds * 1_000 };
  const asked = { ...given, drop_state: flags["drop-state"], orphan: flags.orphan, ...deadline };
  const result = (await callControl(socket, "reload", asked, { clock: systemClock })) as RunReload;
  if (flags.json) terminal.out(`${JSON.stringify({ schema_version: 1, ...result }, null, 2)}\n`);
  else tell(result, terminal);
  return result;
}

/** With a reason the new graph runs, and cannot go on. */
export const isDone = ({ outcome, reason }: RunReload) =>
  outcome === "unchanged" || (outcome === "reloaded" && reason === undefined);

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
