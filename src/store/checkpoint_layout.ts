import type { FileOptions } from "./guards.ts";
import stateSchema from "./migrations/0001_state.sql" with { type: "text" };

/** What `openFile` is told about every file of checkpoints. */
export const CHECKPOINT_FILE: Pick<FileOptions, "applicationId" | "migrations" | "sequence" | "onSkip" | "words"> = {
  /** `SCNC`, in the header. */
  applicationId: 0x53434e43,
  migrations: [stateSchema],
  sequence: "checkpoints",
  onSkip: () => {},
  words: {
    what: "state",
    aside: "the nodes of the graph begin without their state",
    lost: (count) =>
      `the newest ${count === 1 ? "checkpoint is" : `${count} checkpoints are`} gone, and an older one is used: what was counted since is missing in the state of the nodes`,
  },
};
