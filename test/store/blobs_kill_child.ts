/**
 * Stores blobs and rows that name them, reads and acknowledges some, and sweeps all the time, until it is killed. Says
 * `e KEY` once a row is on the disk and `d KEY` once its blob was read, before the row is acknowledged.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { BlobStore, entryCodec, openQueue, restore, spill } from "../../src/store/index.ts";
import { packet } from "../support/node.ts";

const [folder, round] = process.argv.slice(2) as [string, string];
const say = (line: string) => void fs.writeSync(1, `${line}\n`);
const options = {
  clock: systemClock,
  onEvent: (_: string, message: string) => say(`! ${message}`),
  maxAttempts: 1_000,
};
const blobs = new BlobStore(path.join(folder, "blobs"), { ...options, graceMs: 0, sweepMs: 1, paceMs: 0 });
const queue = await blobs.watch(await openQueue(path.join(folder, "queues", "q.sqlite3"), options));

/** Four rows share a content, so that a blob is stored again while it is being swept. */
for (let at = 0; ; at += 1) {
  const key = `${round}-${at}`;
  const payload = new TextEncoder().encode(`blob ${round} ${at >> 2}`.padEnd(10_000));
  const spilled = await spill(packet({ packet_id: key, payload }), { overBytes: 100 }, blobs)!;
  await queue.enqueue([entryCodec.encode(spilled.packet)]);
  spilled.release();
  say(`e ${key}`);
  if (at % 4 === 0) continue;
  const rows = await queue.lease({ count: 1, holder: "child", leaseMs: Number.POSITIVE_INFINITY });
  for (const row of rows) {
    const back = await restore(packet(entryCodec.decode(row)), blobs);
    if ((back!.payload as Uint8Array).length !== 10_000) say("! wrong bytes");
    say(`d ${row.key}`);
  }
  await queue.ack(rows);
}
