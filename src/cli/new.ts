import type { Group } from "./command/index.ts";

/** `schnitzel new`: something to start from. */
export const command: Group = {
  commands: {
    graph: { summary: "Write a graph that runs, to change into yours.", load: () => import("./new_graph.ts") },
    plugin: { summary: "Write a plugin that passes its check.", load: () => import("./new_plugin.ts") },
  },
};
