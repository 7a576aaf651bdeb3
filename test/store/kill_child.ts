/**
 * Enqueues and drains a queue until it is killed. Says `e KEY` once a row is on the disk and `d KEY` once one is
 * delivered, before it is acknowledged; what was said is kept by the parent, which is never killed.
 */
import * as fs from "node:fs";
import { systemClock } from "../../src/base/clock.ts";
import { openQueue } from "../../src/store/index.ts";
import { entries } from "../conformance/queue.ts";

const [file, round] = process.argv.slice(2) as [string, string];
const options = { clock: systemClock, maxAttempts: 1_000, onDamaged: (message: string) => say(`damaged ${message}`) };
const say = (line: string) => void fs.writeSync(1, `${line}\n`);

const queue = openQueue(file, options);
for (let at = 0; ; at += 8) {
  const keys = Array.from({ length: 8 }, (_, index) => `${round}-${at + index}`);
  queue.enqueue(entries(...keys));
  say(`e ${keys.join(" ")}`);
  const rows = queue.lease(5, "child", Number.POSITIVE_INFINITY);
  say(`d ${rows.map(({ key }) => key).join(" ")}`);
  queue.ack(rows);
}
