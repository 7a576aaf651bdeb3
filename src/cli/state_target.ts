import * as fs from "node:fs";
import * as path from "node:path";
import { systemClock } from "../base/clock.ts";
import { didYouMean } from "../base/suggest.ts";
import { controlOwner } from "../control/index.ts";
import { type KeptCheckpoint, type KeptState, readStateFile, StoreError } from "../store/index.ts";
import { type FlagValues, UsageError } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { refused } from "./queue_command.ts";
import { findTarget, type TARGET_FLAGS } from "./queue_target.ts";
import { type StateDir, stateDirOf } from "./state_dir.ts";
import type { Terminal } from "./terminal.ts";

export const STATE_GRAPH = { name: "GRAPH", doc: "A graph file, or the name of a graph that ran." };
export const STATE_NODE = { name: "NODE", doc: "A node with a state, or event_time or blackboard, as ls shows them." };

export const STATE_EXITS = {
  [EXIT.invalid]: "There is no such graph, node or state, or usage.",
  [EXIT.precondition]: "The file is damaged, of a newer schnitzel or of another program, or cannot be opened.",
  [EXIT.owned]: "The graph runs, or another process has the file; the message names it.",
};

/** The state directory of a graph that does not run, and the checkpoint in it. */
export interface Kept {
  readonly dir: StateDir;
  readonly name: string;
  readonly checkpoint: KeptCheckpoint | undefined;
}

/** Finds the checkpoint of what was named. A refusal is printed and becomes an exit code. */
export async function onState(
  {
    args: [graph],
    flags,
    terminal,
  }: { args: readonly string[]; flags: FlagValues<typeof TARGET_FLAGS>; terminal: Terminal },
  use: (kept: Kept) => number | Promise<number>,
): Promise<number> {
  const { dir, name } = await findTarget(graph ?? onlyGraph(flags["state-dir"], terminal), flags, terminal);
  if (dir === undefined) throw new UsageError(`${graph} is the file of a queue`, "name the graph or its file");
  try {
    await refuseRunning(dir, name);
    return await use({ dir, name, checkpoint: readStateFile(dir.state) });
  } catch (error) {
    return refused(error, terminal);
  }
}

/** Of a folder with one graph, as on most boxes, its name need not be known. */
function onlyGraph(base: string | undefined, terminal: Terminal): string {
  const root = path.dirname(stateDirOf("x", base, terminal).path);
  const names = fs.existsSync(root) ? fs.readdirSync(root) : [];
  const graphs = names.filter((name) => fs.existsSync(stateDirOf(name, base, terminal).state)).sort();
  if (graphs.length === 1) return graphs[0]!;
  const there = graphs.length === 0 ? "none keeps state there" : `there are ${graphs.slice(0, 10).join(", ")}`;
  throw new UsageError(`GRAPH may be left out where one graph keeps state: in ${root} ${there}`, "name the graph");
}

async function refuseRunning({ socket, state }: StateDir, name: string) {
  const pid = await controlOwner(socket, systemClock);
  if (pid === undefined) return;
  const message = `cannot open state ${state}: graph ${name} runs as process ${pid}, which alone has it; stop it first, or see schnitzel_checkpoint_… in its metrics`;
  throw new StoreError("QUEUE_BUSY", message);
}

/** As a person names it: nodes by their ids. */
export const shortName = ({ part }: Pick<KeptState, "part">) => part.replace(/^node /, "");

/** Throws a UsageError that says what there is. */
export function stateNamed(given: string, { name, checkpoint }: Kept): KeptState {
  const { states = [] } = checkpoint ?? {};
  const found = states.find((state) => shortName(state) === given);
  if (found !== undefined) return found;
  const names = states.map(shortName);
  const near = didYouMean(given, names);
  const there = names.length === 0 ? "it keeps none at all" : `there is state of ${names.join(", ")}`;
  throw new UsageError(`${name} keeps no state of "${given}"`, near === undefined ? there : `did you mean ${near}?`);
}
