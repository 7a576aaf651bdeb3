import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { PacketFactory } from "../packet/index.ts";
import type { Blobs } from "./blobs.ts";
import type { Cells } from "./cells.ts";
import type { FindFfmpeg } from "./ffmpeg.ts";
import type { Files } from "./files.ts";
import type { Hold } from "./hold.ts";
import type { Inference } from "./inference.ts";
import type { OpenLiveView } from "./live.ts";
import type { Resolve, Serve } from "./network.ts";
import type { PacketOutcome } from "./outcome.ts";
import type { Exchange, Spawn } from "./processes.ts";

/** Structured log of one node; goes to stderr with the node's id, rate-limited per message. */
export interface NodeLog {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** Standard output, which belongs to data, and standard input. */
export interface StandardIo {
  /** Queues text for stdout; written in order, flushed before the process ends. */
  write(text: string): void;
  /** Writes what is queued now. */
  flush?(): void;
  /** Bytes from stdin; ends at its end or when `signal` aborts. */
  read(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** Everything a node may touch outside itself, so tests neither sleep nor guess. */
export interface NodeContext {
  readonly nodeId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: NodeLog;
  readonly files: Files;
  readonly io: StandardIo;
  readonly fetch: typeof globalThis.fetch;
  /** Large bytes beside the packets; undefined when the run has no state directory. */
  readonly blobs?: Blobs | undefined;
  /** Addresses of a host name. */
  readonly resolve: Resolve;
  /** Starts an HTTP server; whoever starts one stops it in `close`. */
  readonly serve: Serve;
  /** Starts a child process; whoever starts one ends it in `close`. */
  readonly spawn: Spawn;
  /** One small question to another machine, such as whether a camera is there. */
  readonly exchange: Exchange;
  readonly ffmpeg: FindFfmpeg;
  readonly inference: Inference;
  /** Pictures under the run's HTTP endpoint; undefined when it has none. */
  readonly live: OpenLiveView | undefined;
  /** Makes a packet: id, time and `source_id` (this node's id) are filled in unless given. */
  readonly packet: PacketFactory;
  /**
   * What becomes of the packet that `process` was called with; undefined when nobody waits for it. Ask in `process`,
   * before anything is awaited: later it is undefined.
   */
  outcome(): PacketOutcome | undefined;
  /**
   * Takes the packet that `process` was called with into the node's own hands: its source waits until the hold is
   * released. Ask in `process`, before anything is awaited; undefined when nobody waits.
   */
  hold(): Hold | undefined;
  /**
   * Of `process`, `advance` or `wake`: what this call emits from now on, up to the next `carry`, comes of these held
   * packets. They are released when all of it is done, and fail when a part of it fails.
   */
  carry(holds: Iterable<Hold | undefined>): void;
  /** Asks for one call of `wake` in so many monotonic milliseconds; a later call replaces it, undefined takes it back. */
  wakeAfter(delayMs: number | undefined): void;
  /** The graph's blackboard. */
  readonly cells: Cells;
  /**
   * Sets a record aside as a dead letter: counted, with its reason, in the report. For sources, whose broken
   * input never becomes a packet, and for sinks that could not write what they had taken. A node with a bad packet
   * throws instead.
   */
  reject(record: unknown, reason: string): void;
}
