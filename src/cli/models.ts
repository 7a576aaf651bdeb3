import type { Group } from "./command/index.ts";

/** `schnitzel models`: the weights that nodes such as `detector` run. */
export const command: Group = {
  doc: "A graph names a model of this list, or an ONNX file of its own folder. Nothing is downloaded by itself: what the binary does not carry, pull gets and add takes from a file.",
  commands: {
    ls: { summary: "List the models: what is in the binary, what is stored.", load: () => import("./models_ls.ts") },
    pull: { summary: "Download models, checked by their hash.", load: () => import("./models_pull.ts") },
    add: { summary: "Store a model from a file, as without a network.", load: () => import("./models_add.ts") },
    lock: { summary: "Pin the models of a graph to their bytes.", load: () => import("./models_lock.ts") },
    verify: { summary: "Check every stored and locked model.", load: () => import("./models_verify.ts") },
  },
};
