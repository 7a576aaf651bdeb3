import * as fs from "node:fs";
import * as path from "node:path";
import type { StateDir } from "./state_dir.ts";

/** A queue whose file is not in the state directory, as the graph names another place with `durable: { path: … }`. */
export interface OutsideQueue {
  name: string;
  file: string;
}

/** Beside the queues it tells of. By the name of a graph, only the state directory is found, and so those in it. */
const noteOf = (dir: StateDir) => path.join(dir.path, "outside_queues.json");

/** Writes which queues the graph has elsewhere, those of this run alone. Every run writes it, so it is not synced. */
export function noteOutsideQueues(dir: StateDir, queues: readonly OutsideQueue[]) {
  const note = noteOf(dir);
  if (queues.length === 0) return fs.rmSync(note, { force: true });
  // Renamed into its place, so nobody reads half of it.
  fs.writeFileSync(`${note}.new`, `${JSON.stringify({ queues }, null, 2)}\n`, { mode: 0o600 });
  fs.renameSync(`${note}.new`, note);
}

/** What the last run noted; nothing when it had none, or when the note cannot be read. */
export function outsideQueues(dir: StateDir): OutsideQueue[] {
  try {
    const { queues } = JSON.parse(fs.readFileSync(noteOf(dir), "utf8")) as { queues: Partial<OutsideQueue>[] };
    return queues.flatMap(({ name, file }) =>
      typeof name === "string" && typeof file === "string" ? [{ name, file }] : [],
    );
  } catch {
    return [];
  }
}
