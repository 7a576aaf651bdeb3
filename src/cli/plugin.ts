import type { Group } from "./command/index.ts";

/** `schnitzel plugin`: what a person does with a folder of plugins. */
export const command: Group = {
  doc: "A plugin is a .ts or .js file in plugins/ beside the graph. It runs only when plugins.lock.yaml there names it with the hash of its bytes.",
  commands: {
    lock: {
      summary: "Allow the plugins of a folder, with the bytes they have now.",
      load: () => import("./plugin_lock.ts"),
    },
    check: { summary: "Load plugins on trial and run their examples.", load: () => import("./plugin_check.ts") },
    types: {
      summary: "Write types, so an editor completes and checks plugins.",
      load: () => import("./plugin_types.ts"),
    },
  },
};
