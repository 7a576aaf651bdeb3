import * as path from "node:path";

/** Where a fault has the graph run, and how it starts it. */
export interface Place {
  /** Folder of the drill for this fault: logs, images, mount points. Never the state directory itself. */
  readonly folder: string;
  /** The state directory, which suffers. */
  readonly state: string;
  /** Programs and arguments before the command, such as strace. */
  readonly before: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A state directory on the disk the drill itself is on, and nothing in between. */
export async function plainPlace(folder: string): Promise<Place> {
  return { folder, state: path.join(folder, "state"), before: [], env: {} };
}
