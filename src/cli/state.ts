import type { Group } from "./command/index.ts";

/** `schnitzel state`: what an operator sees of the checkpoints of a graph that has stopped. */
export const command: Group = {
  doc: "GRAPH is a graph file or the name of a graph that ran. Its state is the last checkpoint, in state.sqlite3 of its state directory. While it runs its process alone has the file: stop it first; /metrics (schnitzel_checkpoint_…) and the report tell of checkpoints meanwhile.",
  commands: {
    ls: { summary: "List the states of a graph: whose, how large, how old.", load: () => import("./state_ls.ts") },
    show: { summary: "Show the state of one node as JSON.", load: () => import("./state_show.ts") },
    drop: { summary: "Let one node begin without its state.", load: () => import("./state_drop.ts") },
  },
};
