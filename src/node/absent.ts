import type { NodeContext } from "./context.ts";

const absent = (what: string): never => {
  throw new Error(`cannot use ${what} here: this context has none`);
};

/** For contexts of tests and examples: no child processes, no other machines, no models. */
export const ABSENT: Pick<NodeContext, "spawn" | "exchange" | "ffmpeg" | "inference" | "live"> = {
  spawn: () => absent("a child process"),
  exchange: async () => absent("the network"),
  ffmpeg: async () => absent("ffmpeg"),
  inference: { open: async () => absent("a model") },
  live: undefined,
};

/** For a node that runs outside an engine: nobody waits for its packets, and it has no blackboard. */
export const ALONE: Pick<NodeContext, "outcome" | "hold" | "carry" | "wakeAfter" | "cells"> = {
  outcome: () => undefined,
  hold: () => undefined,
  carry: () => {},
  wakeAfter: () => {},
  cells: { read: () => absent("a blackboard"), write: () => absent("a blackboard") },
};
