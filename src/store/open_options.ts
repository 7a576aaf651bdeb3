import type { Clock } from "../base/clock.ts";
import { QUEUE_DEFAULTS } from "./bounds.ts";
import type { FileOptions, OnEvent } from "./guards.ts";
import { QUEUE_FILE } from "./layout.ts";
import type { QueueOptions } from "./queue.ts";

/** How a queue file is opened; what is left out of the queue's own options is as `QUEUE_DEFAULTS` says. */
export interface QueueFileOptions extends Partial<QueueOptions> {
  clock: Clock;
  /** Told what an operator should know: a damaged file was moved aside, the disk fails. */
  onEvent: OnEvent;
  /** A durable edge, which shares its file with nobody; for messages. */
  owner?: string;
}

/** Undefined is "as usual", not "none". */
export function defined<Options extends object>(options: Options): Partial<Options> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<Options>;
}

export function completed(options: Partial<QueueOptions>): QueueOptions {
  return { ...QUEUE_DEFAULTS, ...defined(options) };
}

/** What `openFile` needs to know of a queue. */
export function fileOptions(
  { durability, minFreeBytes, ballastBytes, allowNetworkDisk }: QueueOptions,
  clock: Clock,
  onEvent: OnEvent,
  onCorrupt: FileOptions["onCorrupt"],
): FileOptions {
  return { ...QUEUE_FILE, clock, onEvent, onCorrupt, durability, minFreeBytes, ballastBytes, allowNetworkDisk };
}
