/**
 * A queue by its interface, from the main thread, with the rows of the baselines. Rows per second, rows of a commit, and
 * how long the event loop of this thread was away.
 *
 *   bun store_calls.ts ROWS ROWS_PER_CALL FILE
 */
import { systemClock } from "../../src/base/clock.ts";
import { openQueue, type QueueEntry, type QueueRow } from "../../src/store/index.ts";
import { rowsOf } from "./baselines/queue_rows.ts";

const [count = "200000", size = "1024", file = "store_calls.sqlite3"] = process.argv.slice(2);
/** Calls under way at once, as a graph's durable edge and its sources have them. */
const WINDOW = 4;
const LEASED = 1_024;

const entries = rowsOf(Number(count)).map(
  ([key, packet_id, ts, kind, source_id, payload, meta]): QueueEntry => ({
    ...{ key, packet_id, ts, kind, source_id, payload, meta },
    partition: source_id,
  }),
);
const queue = await openQueue(file, { clock: systemClock, onEvent() {}, ordered: true, maxBytes: 2 ** 40 });

/** Runs `call` with the numbers from 0 to `calls`, so many at once. */
async function windowed(calls: number, call: (at: number) => Promise<unknown>) {
  let next = 0;
  const lane = async () => {
    while (next < calls) await call(next++);
  };
  await Promise.all(Array.from({ length: WINDOW }, lane));
}

async function perSecond(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return Math.round((entries.length / (performance.now() - startMs)) * 1_000);
}

const gaps: number[] = [];
let lastMs = performance.now();
const watch = setInterval(() => {
  gaps.push(performance.now() - lastMs - 1);
  lastMs = performance.now();
}, 1);

const each = Number(size);
const enqueued = await perSecond(() =>
  windowed(Math.ceil(entries.length / each), (at) => queue.enqueue(entries.slice(at * each, (at + 1) * each))),
);
const { commits } = queue.stats();

const acked = await perSecond(async () => {
  const acks: Promise<unknown>[] = [];
  const lease = () => queue.lease({ count: LEASED, holder: "bench", leaseMs: 600_000 });
  let next: Promise<QueueRow[]> = lease();
  for (let rows = await next; rows.length > 0; rows = await next) {
    next = lease();
    for (const { payload, meta } of rows) {
      JSON.parse(payload);
      JSON.parse(meta);
    }
    acks.push(queue.ack(rows));
    if (acks.length > WINDOW) await acks.shift();
  }
  await Promise.all(acks);
});
clearInterval(watch);
if (queue.stats().ready + queue.stats().leased > 0) throw new Error("rows are left");
await queue.close();
gaps.sort((a, b) => a - b);
const loopP99Ms = gaps[Math.floor(gaps.length * 0.99)] ?? 0;
console.log(JSON.stringify({ enqueued, acked, batch: Math.round(entries.length / commits), loopP99Ms }));
