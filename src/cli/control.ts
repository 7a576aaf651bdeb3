import type { Group } from "./command/index.ts";

/** `schnitzel control`: changes of a run. */
export const command: Group = {
  commands: {
    node: { summary: "Insert, remove or replace one node.", load: () => import("./control_node.ts") },
  },
};
