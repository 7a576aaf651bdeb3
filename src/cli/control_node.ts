import type { Group } from "./command/index.ts";

/** `schnitzel control node`: one change of a running graph. */
export const command: Group = {
  doc: "The run puts the changed graph in the place of the one that runs, as schnitzel reload does: what fails leaves the old one. Only the run knows of the change: its file stays as it is, and is read again by the next reload or start; --write keeps the change in a new file.",
  commands: {
    insert: { summary: "Put a node into an edge.", load: () => import("./control_node_insert.ts") },
    remove: {
      summary: "Take a node out; its edges are joined.",
      load: () => import("./control_node_remove.ts"),
    },
    replace: { summary: "Put another node in the place of one.", load: () => import("./control_node_replace.ts") },
  },
};
