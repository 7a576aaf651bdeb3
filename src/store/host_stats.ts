import type { Admission } from "./admission.ts";
import type { OpenedFile } from "./guards.ts";
import type { QueueStats } from "./queue.ts";
import type { SqliteQueue } from "./sqlite_queue.ts";

interface Parts {
  core: SqliteQueue;
  opened: OpenedFile;
  admission: Admission;
}

type Counted = Pick<QueueStats, "degraded" | "commits" | "committedRows">;

/** What only a look at the file and its disk tells. */
type Looked = Pick<QueueStats, "fileBytes" | "walBytes" | "tailLost" | "oldestMs" | "full">;

/**
 * What a queue tells of itself after a round. That one is committed, so nothing here may turn it into an error: where
 * the file cannot be looked at, that part is as it was `before`. Without a `before` the queue is being opened.
 */
export function hostStats(parts: Parts, counted: Counted, before: QueueStats | undefined): QueueStats {
  const { totals, leased } = parts.core;
  const { waiting, bytes, dead, damaged, dropped_oldest, expired, dead_dropped } = totals;
  return {
    ...{ ready: waiting - leased, leased, dead, bytes, damaged, expired },
    ...{ droppedOldest: dropped_oldest, deadDropped: dead_dropped },
    ...looked(parts, before),
    ...counted,
  };
}

function looked(parts: Parts, before: Looked | undefined): Looked {
  try {
    return look(parts);
  } catch (error) {
    if (before === undefined) throw error;
    const { fileBytes, walBytes, tailLost, oldestMs, full } = before;
    return { fileBytes, walBytes, tailLost, oldestMs, full };
  }
}

function look({ core, opened, admission }: Parts): Looked {
  const { guards } = opened;
  return {
    ...{ fileBytes: guards.fileBytes(), walBytes: guards.walBytes(), tailLost: guards.tailLost },
    oldestMs: core.oldestMs,
    full: admission.full(opened, core.totals.bytes),
  };
}
