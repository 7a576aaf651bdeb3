import type { Group } from "./command/index.ts";

export const SUMMARY = "schnitzel runs a checked graph of stream nodes on one machine, from one file.";

/** Every command. Each stands in the file it is named after and is loaded only when it is called. */
export const COMMANDS: Group = {
  commands: {
    validate: {
      summary: "Check graphs and print every finding.",
      alias: "lint",
      load: () => import("./validate.ts"),
    },
    nodes: { summary: "List the nodes a graph can use, or show one's page.", load: () => import("./nodes.ts") },
    version: { summary: "Show which schnitzel this is.", load: () => import("./version.ts") },
  },
};
