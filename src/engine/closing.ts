import { type Clock, sleep } from "../base/clock.ts";
import { toError } from "../base/to_error.ts";
import { noteError } from "./failures.ts";
import { CLOSE_MS } from "./host.ts";
import type { NodeRun } from "./node_run.ts";
import type { Producer } from "./producer.ts";
import { HEART_NODE } from "./scheduler.ts";
import type { SourceRun } from "./source_run.ts";

/** Closes nodes in declaration order; one that fails or hangs keeps none of the others from closing. */
export async function closeAll(created: readonly Producer[], clock: Clock, heart: Int32Array): Promise<void> {
  for (const producer of created) {
    heart[HEART_NODE] = producer.index;
    try {
      await closeOne(producer as NodeRun | SourceRun, clock);
    } catch (error) {
      noteError(producer, new Error(`close failed: ${toError(error).message}`), clock);
    }
  }
  heart[HEART_NODE] = -1;
}

async function closeOne({ instance }: NodeRun | SourceRun, clock: Clock) {
  const closing = instance.close?.();
  if (closing === undefined) return;
  const done = new AbortController();
  const late = sleep(clock, CLOSE_MS, done.signal).then(() => {
    if (!done.signal.aborted) throw new Error(`not done after ${CLOSE_MS} ms`);
  });
  try {
    await Promise.race([closing, late]);
  } finally {
    done.abort();
  }
}
