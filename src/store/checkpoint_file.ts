import type { Clock } from "../base/clock.ts";
import { CheckpointHost } from "./checkpoint_host.ts";
import { CHECKPOINT_FILE } from "./checkpoint_layout.ts";
import type { OnEvent } from "./guards.ts";
import { HighWater } from "./high_water.ts";
import { openFile } from "./open_file.ts";

export interface CheckpointFileOptions {
  clock: Clock;
  /** Told what an operator should know: a damaged file was moved aside, the disk fails. */
  onEvent: OnEvent;
  /** `--dangerously-allow-network-disk`. */
  allowNetworkDisk?: boolean;
}

/** Opens a file of checkpoints in the thread that calls it. */
export function openStateFile(file: string, options: CheckpointFileOptions): CheckpointHost {
  const { clock, onEvent, allowNetworkDisk = false } = options;
  const water = new HighWater(file);
  const lostBefore = water.mark.lost;
  water.close();
  let host: CheckpointHost | undefined;
  const opened = openFile(file, {
    ...CHECKPOINT_FILE,
    clock,
    onEvent,
    onCorrupt: (error) => host?.replace(error),
    allowNetworkDisk,
    durability: "full",
    // A checkpoint that finds no room is tried again, and the one before it stays: nothing is reserved for it. What
    // must go on at a full disk are the queues, which have room of their own.
    ...{ minFreeBytes: 0, ballastBytes: 0 },
  });
  host = new CheckpointHost(file, opened, lostBefore);
  return host;
}
