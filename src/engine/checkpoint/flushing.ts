import type { NodeRun } from "../node_run.ts";
import { CannotTake } from "./parts.ts";

/**
 * What left a node with state lies with the nodes behind it, and nobody waits for it: the result of a window, or a packet
 * that an earlier checkpoint had. So they make it safe before the state without it is kept. Throws a {@link CannotTake}.
 */
export function flushNodes(nodes: readonly NodeRun[]) {
  for (const { id, instance } of nodes) {
    try {
      instance.flush?.();
    } catch (error) {
      const message = `node "${id}" cannot make safe what it has taken: ${(error as Error).message}`;
      throw new CannotTake("not_written", id, message);
    }
  }
}
