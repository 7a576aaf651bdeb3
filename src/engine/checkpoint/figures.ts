import { Histogram } from "../../observe/index.ts";

/** Why a checkpoint was not taken or not kept. */
export type SkipReason = "busy" | "snapshot_failed" | "too_large" | "not_written";

/** What the checkpoints of a run were like. */
export class CheckpointFigures {
  taken = 0;
  /** Bytes written to the file, and of the states of the last one. */
  writtenBytes = 0;
  stateBytes = 0;
  /** Sources stand still for so long, also for one that is not taken in the end. */
  readonly pauseMs = new Histogram();
  /** From the pause to the commit. */
  readonly durationMs = new Histogram();
  /** `reason node`, in that form for a label. */
  readonly skipped = new Map<string, { reason: SkipReason; node: string; count: number }>();
  /** Of the states found at the start. */
  restored = 0;
  readonly dropped: { part: string; reason: string }[] = [];

  snapshot() {
    const { taken, writtenBytes, stateBytes, pauseMs, durationMs, skipped, restored, dropped } = this;
    const told = { taken, writtenBytes, stateBytes, pauseMs, durationMs, restored, dropped };
    return { ...told, skipped: [...skipped.values()] };
  }

  skip(reason: SkipReason, node: string) {
    const name = `${reason} ${node}`;
    const known = this.skipped.get(name);
    if (known === undefined) this.skipped.set(name, { reason, node, count: 1 });
    else known.count += 1;
  }
}
