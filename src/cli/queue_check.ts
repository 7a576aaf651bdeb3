import * as path from "node:path";
import { DEAD_LETTERS } from "../control/index.ts";
import { linkName } from "../engine/index.ts";
import type { GraphPlan } from "../graph/index.ts";
import { inFolder } from "../node/index.ts";
import { type FileState, type Inspected, inspectQueueFile } from "../store/index.ts";
import { counted } from "./counted.ts";
import { queueFileOf, stateDirOf } from "./state_dir.ts";
import type { Terminal } from "./terminal.ts";

/** A queue file that a graph would open, looked at. */
export interface CheckedQueue extends Inspected {
  queue: string;
}

/** Looks at every queue file the graph would use, changes none and makes none. */
export function checkQueues(plan: GraphPlan, base: string | undefined, terminal: Terminal): CheckedQueue[] {
  const dir = stateDirOf(plan.name, base, terminal);
  const edges = plan.edges
    .filter(({ durable }) => durable !== undefined)
    .map((edge) => ({ queue: linkName(plan, edge), file: queueFileOf(dir, plan, edge) }));
  const letters = { queue: DEAD_LETTERS, file: dir.deadLetters };
  const files = new Map([...edges, letters, ...nodeFiles(plan)].map((file) => [file.file, file]));
  return [...files.values()].map(({ queue, file }) => ({ queue, ...inspectQueueFile(file) }));
}

/** Files that nodes name; those in the predecessor's layout are shared with it, and not ours to judge. */
function nodeFiles({ nodes, baseDir }: GraphPlan) {
  return nodes.flatMap(({ id, definition, config, folder }) => {
    const { path: file, layout } = config as { path?: unknown; layout?: unknown };
    if (!definition.name.startsWith("sqlite_queue_") || layout !== "schnitzel" || typeof file !== "string") return [];
    return [{ queue: id, file: path.resolve(baseDir, inFolder(folder, file)) }];
  });
}

/** States with which a run could not begin, or would begin by moving the file aside. */
const FAULTS: ReadonlySet<FileState> = new Set(["damaged", "foreign", "newer", "unreadable"]);

export const isSound = ({ state, tailLost = 0 }: CheckedQueue) => !FAULTS.has(state) && tailLost === 0;

/** One line for a person. */
export function queueLine({
  queue,
  file,
  state,
  reason,
  rows = 0,
  dead = 0,
  version,
  tailLost = 0,
  owner,
}: CheckedQueue) {
  const told = (what: string) => `  queue ${queue}: ${what} (${file})\n`;
  if (state === "absent") return told("not there yet");
  if (state === "busy") return told(`in use${owner === undefined ? "" : ` by process ${owner.pid}`}`);
  if (state !== "ok") return told(`${state}: ${reason?.replace(/\s+/g, " ")}`);
  const lost = tailLost === 0 ? "" : `, ${counted(tailLost, "row")} lost by the disk`;
  return told(`${counted(rows, "row")}, ${counted(dead, "dead letter")}, version ${version}${lost}`);
}
