import * as fs from "node:fs";
import * as path from "node:path";
import { outsideQueues } from "./outside_queues.ts";
import { type StateDir, stateDirOf } from "./state_dir.ts";
import type { Terminal } from "./terminal.ts";

/** How the graph that keeps a queue is asked: its name, and where its state is. */
export interface QueueGraph {
  name: string;
  dir: StateDir;
}

/** Graphs of a state directory that are looked through for a file outside of it. */
const MAX_GRAPHS = 1_000;

/** The graph that `file` is a queue of: by the folder it is in, or by the note of a graph's last run. */
export function graphOfQueue(file: string, base: string | undefined, terminal: Terminal): QueueGraph | undefined {
  const parent = path.dirname(file);
  const folder = path.basename(parent) === "queues" ? path.dirname(parent) : parent;
  const around = {
    name: path.basename(folder),
    dir: stateDirOf(path.basename(folder), path.dirname(folder), terminal),
  };
  // Only a graph that runs has one.
  if (fs.existsSync(around.dir.socket)) return around;
  const root = path.dirname(stateDirOf("x", base, terminal).path);
  const names = fs.existsSync(root) ? fs.readdirSync(root).slice(0, MAX_GRAPHS) : [];
  return names
    .map((name) => ({ name, dir: stateDirOf(name, base, terminal) }))
    .find(({ dir }) => fs.existsSync(dir.socket) && outsideQueues(dir).some((queue) => queue.file === file));
}
