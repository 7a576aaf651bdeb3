/**
 * Enqueues and drains a queue until it is killed. Says `e KEY` once a row is on the disk and `d KEY` once one is
 * delivered, before it is acknowledged; what was said is kept by the parent, which is never killed.
 */
import * as fs from "node:fs";
import { systemClock } from "../../src/base/clock.ts";
import { openQueue } from "../../src/store/index.ts";
import { entries } from "../conformance/queue.ts";

const [file, round] = process.argv.slice(2) as [string, string];
const onEvent = (level: string, message: string) => void (level === "info" || say(`damaged ${message}`));
const say = (line: string) => void fs.writeSync(1, `${line}\n`);

const queue = await openQueue(file, { clock: systemClock, maxAttempts: 1_000, onEvent });
for (let at = 0; ; at += 8) {
  const keys = Array.from({ length: 8 }, (_, index) => `${round}-${at + index}`);
  await queue.enqueue(entries(...keys));
  say(`e ${keys.join(" ")}`);
  const rows = await queue.lease({ count: 5, holder: "child", leaseMs: Number.POSITIVE_INFINITY });
  say(`d ${rows.map(({ key }) => key).join(" ")}`);
  await queue.ack(rows);
}
