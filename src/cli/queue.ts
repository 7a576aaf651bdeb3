import type { Group } from "./command/index.ts";

/** `schnitzel queue`: what an operator does with what waits on disk. */
export const command: Group = {
  doc: "GRAPH is a graph file, the name of a graph that ran, or a queue's own file. While the graph runs its process is asked; when it does not, the files are opened. Whatever changes something shows first what it would do, and does it with --yes.",
  commands: {
    ls: {
      summary: "List the queues of a graph: what waits, what is dead, how old it is.",
      load: () => import("./queue_ls.ts"),
    },
    peek: { summary: "Show rows or dead letters, the oldest first.", load: () => import("./queue_peek.ts") },
    show: { summary: "Show one row or dead letter whole.", load: () => import("./queue_show.ts") },
    verify: { summary: "Check every row and every count of a queue.", load: () => import("./queue_verify.ts") },
    repair: { summary: "Save what can be read of a damaged queue.", load: () => import("./queue_repair.ts") },
    replay: { summary: "Put dead letters back to be processed again.", load: () => import("./queue_replay.ts") },
    drain: { summary: "Wait until a running graph has delivered what waits.", load: () => import("./queue_drain.ts") },
    export: { summary: "Write rows or dead letters as JSON lines.", load: () => import("./queue_export.ts") },
    import: { summary: "Put JSON lines into a queue.", load: () => import("./queue_import.ts") },
    purge: { summary: "Remove rows or dead letters for good.", load: () => import("./queue_purge.ts") },
  },
};
