import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { Blobs, Files, NodeContext, NodeLog, Resolve, Serve, StandardIo } from "../node/index.ts";
import type { DeadLetter } from "../observe/index.ts";
import type { StreamPacket } from "../packet/index.ts";
import type { CheckpointStore } from "../store/index.ts";
import type { DurableHost } from "./durable/edges.ts";
import type { ThrottlePolicy } from "./throttle.ts";

/** What the engine is given from outside: the real machine, or a test's. */
export interface Host extends Pick<NodeContext, "spawn" | "exchange" | "ffmpeg" | "inference" | "live"> {
  clock: Clock;
  random: Random;
  /** Seed of `random`, for the report. */
  seed: number;
  files: Files;
  io: StandardIo;
  fetch: typeof globalThis.fetch;
  resolve: Resolve;
  serve: Serve;
  log(nodeId: string): NodeLog;
  /** Gives the event loop a chance; resolves in a later macrotask. */
  yieldToLoop(): Promise<void>;
  /** Hears every dead letter, also those the bounded list in memory has let go. */
  onDeadLetter?(letter: DeadLetter): void;
  /** Bytes beside the packets; undefined without a state directory. `stats` goes into snapshots. */
  blobs?: (Blobs & { stats?(): { blobs: number; bytes: number } }) | undefined;
  /** What the plan's durable edges keep their packets in. */
  durable?: DurableHost;
  /** Where the state of nodes outlives the run; opened only when there is any. */
  checkpoints?: { open(): Promise<CheckpointStore>; fresh: boolean } | undefined;
}

export interface RunOptions {
  throttles?: readonly ThrottlePolicy[];
  /** Time to finish what is in flight after a stop; what is left then is dropped and counted. */
  drainMs?: number;
  /** False keeps every packet going through its inbox. Same order and counts; for comparing. */
  fuse?: boolean;
  /** Hears what sources send, in that order; those behind durable edges send nothing new. It must not throw. */
  tap?: SourceTap;
  /** Shared with the watchdog: [steps taken, index of the running node or -1]. */
  heart?: Int32Array;
}

/** For recordings and replays. */
export interface SourceTap {
  /** Called before anything is done with the packet. `node` is the source's id. */
  sent(node: string, packet: StreamPacket): void;
  /** A source came to its end by itself, or gave up. */
  ended(node: string): void;
}

/** Why 10 s: systemd waits 90 s before it kills, and a person at a terminal about that long. */
export const DEFAULT_DRAIN_MS = 10_000;
/** `close` of a node gets this long. */
export const CLOSE_MS = 5_000;
