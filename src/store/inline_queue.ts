import { StoreError } from "./error.ts";
import type { OpenedFile } from "./guards.ts";
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
  { clock, onEvent, opened, ...asked }: QueueFileOptions & { opened?: OpenedFile },
): Promise<QueueClient> {
  const options = completed(asked);
  const now = queueClock(clock);
  let host: QueueHost | undefined;
  const onCorrupt = (error: Error) => host?.replace(error, now());
  const file_ = opened ?? openFile(file, fileOptions(options, clock, onEvent, onCorrupt));
  host = new QueueHost(file, file_, options, now());
  return new QueueClient(file, inline(file, host, now), clock, host.stats, now);
}

function inline(file: string, host: QueueHost, now: () => number): Transport {
  let open = true;
  return {
    async round(asked, nowMs) {
      if (!open) throw new StoreError("QUEUE_UNWRITABLE", `cannot use queue ${file}: it was closed`);
      return host.round(asked, nowMs);
    },
    async close() {
      open = false;
      host.close(now());
    },
  };
}
