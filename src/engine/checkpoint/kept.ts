import type { NodeLog } from "../../node/index.ts";
import type { StopReason } from "../../observe/index.ts";
import type { CheckpointStore } from "../../store/index.ts";
import type { Host } from "../host.ts";
import type { Timers } from "../timers.ts";
import type { CheckpointFigures } from "./figures.ts";
import type { Part } from "./parts.ts";
import type { Region } from "./region.ts";

/** What of the engine a checkpoint concerns. */
export interface Run {
  readonly plan: { readonly name: string };
  readonly host: Host;
  readonly timers: Timers;
  readonly sources: { later: (() => void)[] | undefined };
  readonly stopReason: StopReason | undefined;
  work(): void;
}

/** What is kept, and where. */
export interface Kept {
  readonly region: Region;
  readonly store: CheckpointStore;
  readonly parts: ReadonlyMap<string, Part>;
  readonly figures: CheckpointFigures;
  readonly intervalMs: number;
  readonly log: NodeLog;
}
