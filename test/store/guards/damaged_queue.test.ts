import { expect, test } from "bun:test";
import * as path from "node:path";
import { seededRandom } from "../../../src/base/random.ts";
import type { Queue, QueueEntry } from "../../../src/store/index.ts";
import { openInline } from "../../../src/store/index.ts";
import { virtualClock } from "../../support/clock.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { DAMAGES, type Files, putFiles, takeFiles } from "./damages.ts";

const ROWS = 120;
const ACKED = 20;
const ROUNDS = 6;

const entry = (row: number): QueueEntry => ({
  ...{ key: `k${row}`, packet_id: `id${row}`, ts: "2026-01-01T00:00:00Z", kind: "event", source_id: "cam01" },
  ...{ payload: JSON.stringify(`${row}`.padEnd(200 + row, ".")), meta: "{}", partition: "cam01" },
});

const everything = { count: 1_000, holder: "test", leaseMs: Number.POSITIVE_INFINITY };

/** What a queue hands out of a file, as far as it can. */
async function drain(queue: Queue): Promise<{ delivered: Set<string>; wrong: string[] }> {
  const delivered = new Set<string>();
  const wrong: string[] = [];
  for (;;) {
    // Damage that shows now fails a call, and the queue goes on with another file.
    const rows = await queue.lease(everything).catch(() => queue.lease(everything));
    if (rows.length === 0) return { delivered, wrong };
    for (const { seq, key, packet_id, ts, kind, source_id, payload, meta, partition } of rows) {
      delivered.add(key);
      const got = { key, packet_id, ts, kind, source_id, payload, meta, partition };
      if (!Bun.deepEquals(got, entry(Number(key.slice(1))))) wrong.push(`${seq} ${key}`);
    }
    await queue.ack(rows).catch(() => {});
  }
}

test(`a queue over a damaged file hands out no wrong byte, and accounts for each row that it does not (${ROUNDS} rounds of each damage)`, async () => {
  const seed = Number(process.env.SEED ?? 5);
  const random = seededRandom(seed);
  using folder = temporaryFolder();
  const file = path.join(folder.path, "q.sqlite3");
  const clock = virtualClock();
  const heard: string[] = [];
  const onEvent = (level: string, message: string) => void heard.push(`${level} ${message}`);
  const open = () => openInline(file, { clock, onEvent, ballastBytes: 0, minFreeBytes: 0 });
  const files = await filled(open, clock, file);

  const bad: unknown[] = [];
  let started = 0;
  for (const [name, damage] of Object.entries(DAMAGES)) {
    for (let round = 0; round < ROUNDS; round++) {
      const damaged: Files = new Map([...files].map(([end, bytes]) => [end, Buffer.from(bytes)]));
      damage(damaged, random);
      putFiles(file, damaged);
      heard.length = 0;
      try {
        const queue = await open();
        started += 1;
        const { delivered, wrong } = await drain(queue);
        const { dead, tailLost } = queue.stats();
        await queue.close();
        const aside = heard.some((line) => line.includes("it was moved to"));
        let missing = 0;
        for (let row = ACKED + 1; row <= ROWS; row++) missing += delivered.has(`k${row}`) ? 0 : 1;
        if (wrong.length > 0 || (!aside && missing > dead + tailLost))
          bad.push({ name, round, wrong, missing, dead, tailLost, heard: [...heard] });
      } catch (error) {
        bad.push({ name, round, error: (error as Error).message });
      }
    }
  }
  expect({ seed, bad }).toEqual({ seed, bad: [] });
  expect(started).toBe(Object.keys(DAMAGES).length * ROUNDS);
}, 120_000);

/** Sixty rows in the file, sixty in its log, the first twenty acknowledged; as a kill leaves it. */
async function filled(open: () => Promise<Queue>, clock: { advance(ms: number): void }, file: string): Promise<Files> {
  const queue = await open();
  const rows = Array.from({ length: ROWS }, (_, index) => entry(index + 1));
  await queue.enqueue(rows.slice(0, ROWS / 2));
  clock.advance(1_000);
  for (const row of rows.slice(ROWS / 2)) await queue.enqueue([row]);
  await queue.ack(await queue.lease({ ...everything, count: ACKED }));
  const files = takeFiles(file);
  await queue.close();
  return files;
}
