import { StoreError } from "./error.ts";
import type { Guards, OpenedFile } from "./guards.ts";
import { openFile } from "./open_file.ts";
import { completed, fileOptions, type QueueFileOptions } from "./open_options.ts";
import { QueueClient, type Transport } from "./queue_client.ts";
import { queueClock } from "./queue_clock.ts";
import { QueueHost } from "./queue_host.ts";

/**
 * A queue in the thread that calls it, which waits for the disk: for tests, the simulation and short commands. With
 * `opened` it is a queue on that, as on a database in memory.
 */
export async function openInline(
  file: string,
  given: QueueFileOptions & { opened?: OpenedFile },
): Promise<QueueClient> {
  return (await openMortal(file, given)).queue;
}

/** A queue that can die: what a kill of the process leaves of it is in the file then, and no call comes back any more. */
export interface MortalQueue {
  readonly queue: QueueClient;
  /** What was committed stays, what is out counts as out in a crash, and the file can be opened again. */
  die(): void;
}

export interface MortalOptions extends QueueFileOptions {
  opened?: OpenedFile | undefined;
  /** While true it takes no rows, as on a disk that is full. */
  full?: (() => boolean) | undefined;
}

/** As {@link openInline}, for tests of what a crash leaves. */
export async function openMortal(
  file: string,
  { clock, onEvent, opened, full, ...asked }: MortalOptions,
): Promise<MortalQueue> {
  const options = completed(asked);
  const now = queueClock(clock);
  let host: QueueHost | undefined;
  const onCorrupt = (error: Error) => host?.replace(error, now());
  const file_ = withoutRoom(opened ?? openFile(file, fileOptions(options, clock, onEvent, onCorrupt)), full);
  host = new QueueHost(file, file_, options, now());
  const transport = inline(file, host, now);
  return { queue: new QueueClient(file, transport, clock, host.stats, now), die: transport.die };
}

function withoutRoom(opened: OpenedFile, full: (() => boolean) | undefined): OpenedFile {
  if (full === undefined) return opened;
  const { guards } = opened;
  const shut: Guards = {
    beforeEnqueue: () => (full() ? "disk" : guards.beforeEnqueue()),
    afterCommit: (lastSeq) => guards.afterCommit(lastSeq),
    onFull: (call) => guards.onFull(call),
    walBytes: () => guards.walBytes(),
    fileBytes: () => guards.fileBytes(),
    get tailLost() {
      return guards.tailLost;
    },
    close: () => guards.close(),
    abandon: () => (guards.abandon === undefined ? guards.close() : guards.abandon()),
  };
  return { ...opened, guards: shut };
}

function inline(file: string, host: QueueHost, now: () => number): Transport & { die(): void } {
  let open = true;
  let dead = false;
  return {
    die() {
      if (open) host.die();
      open = false;
      dead = true;
    },
    async round(asked, nowMs) {
      if (dead) return new Promise(() => {});
      if (!open) throw new StoreError("QUEUE_UNWRITABLE", `cannot use queue ${file}: it was closed`);
      return host.round(asked, nowMs);
    },
    async close() {
      if (!open) return;
      open = false;
      host.close(now());
    },
  };
}
