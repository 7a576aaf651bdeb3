import type { Group } from "./command/index.ts";

export const SUMMARY = "schnitzel runs a checked graph of stream nodes on one machine, from one file.";

/** Every command. Each stands in the file it is named after and is loaded only when it is called. */
export const COMMANDS: Group = {
  commands: {
    run: { summary: "Run a graph, or the built-in demo.", load: () => import("./run.ts") },
    replay: { summary: "Run a graph on what its sources sent in an earlier run.", load: () => import("./replay.ts") },
    test: {
      summary: "Run the tests of graphs: packets, time and faults in, expectations out.",
      load: () => import("./test.ts"),
    },
    validate: {
      summary: "Check graphs and print every finding.",
      alias: "lint",
      load: () => import("./validate.ts"),
    },
    plan: {
      summary: "Say what becomes of nodes, state and packets when one graph follows another.",
      load: () => import("./plan.ts"),
    },
    reload: { summary: "Put another graph in the place of one that runs.", load: () => import("./reload.ts") },
    control: { summary: "Change a graph while it runs.", load: () => import("./control.ts") },
    graph: { summary: "Show a graph as text, Mermaid, SVG or JSON.", load: () => import("./graph.ts") },
    nodes: { summary: "List the nodes a graph can use, or show one's page.", load: () => import("./nodes.ts") },
    schema: { summary: "Print the JSON Schema of graph files, for editors.", load: () => import("./schema.ts") },
    explain: { summary: "Say what a code means and what to do about it.", load: () => import("./explain.ts") },
    new: { summary: "Start a graph or a plugin from a template.", load: () => import("./new.ts") },
    migrate: {
      summary: "Make a graph of an old file: version 1 jobs, process graphs, old names.",
      load: () => import("./migrate.ts"),
    },
    plugin: { summary: "Lock, check and write types for plugins.", load: () => import("./plugin.ts") },
    doctor: {
      summary: "Look whether this machine, and a graph on it, will do.",
      commands: {
        camera: {
          summary: "Look at a camera: what it sends, and what stands in the way.",
          load: () => import("./doctor/camera.ts"),
        },
      },
      load: () => import("./doctor.ts"),
    },
    drill: { summary: "Break a running graph and count what it loses.", load: () => import("./drill.ts") },
    "mock-backend": {
      summary: "Take posts, break as told, and count what came.",
      load: () => import("./mock_backend.ts"),
    },
    queue: {
      summary: "Look into queues and dead letters, replay, move and mend them.",
      load: () => import("./queue.ts"),
    },
    state: {
      summary: "Look into what nodes keep between runs, and drop the state of one.",
      load: () => import("./state.ts"),
    },
    models: { summary: "List, get, lock and check the models that graphs use.", load: () => import("./models.ts") },
    version: { summary: "Show which schnitzel this is.", load: () => import("./version.ts") },
  },
};
