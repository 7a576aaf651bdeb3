/** The whole queue, in its thread, on a disk that it and another program fill; drained row by row. Prints what came of it. */
import * as path from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { openQueue, type QueueEntry, type QueueStats, StoreError } from "../../src/store/index.ts";
import { fillUp, remove } from "./store_other_program.ts";

const [folder, ballast] = process.argv.slice(2) as [string, string];
const events: string[] = [];
const onEvent = (level: string, message: string) => void events.push(`${level} ${message}`);
const options = { clock: systemClock, onEvent, ballastBytes: Number(ballast), minFreeBytes: 0 };
const queue = await openQueue(path.join(folder, "q.sqlite3"), options);

const entry = (row: number): QueueEntry => ({
  ...{ key: `k${row}`, packet_id: "id", ts: "t", kind: "event", source_id: "cam" },
  ...{ payload: JSON.stringify("x".repeat(500)), meta: "{}", partition: "cam" },
});

let enqueued = 0;
let refused: string | undefined;
for (; refused === undefined && enqueued < 10_000; ) {
  try {
    await queue.enqueue([entry(enqueued)]);
    enqueued += 1;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    refused = error.code;
  }
}
const other = path.join(folder, "other_program.log");
fillUp(other);
const left = new Promise<void>((resolve) => {
  queue.onChange(({ full }: QueueStats) => {
    if (full === undefined) resolve();
  });
});
const delivered = new Set<string>();
let failed: string | undefined;
for (;;) {
  try {
    const rows = await queue.lease({ count: 1, holder: "test", leaseMs: Number.POSITIVE_INFINITY });
    if (rows.length === 0) break;
    const [settled] = await queue.ack(rows);
    if (settled === "done") delivered.add(rows[0]!.key);
  } catch (error) {
    failed = (error as Error).message;
    break;
  }
}
remove(other);
if (queue.stats().full !== undefined) await left;
const [again] = await queue.enqueue([entry(-1)]);
const faults = await queue.verify();
await queue.close();
console.log(
  JSON.stringify({ enqueued, refused, delivered: delivered.size, failed, again: again!.seq, faults, events }),
);
