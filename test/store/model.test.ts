import { expect, test } from "bun:test";
import * as path from "node:path";
import { seededRandom } from "../../src/base/random.ts";
import { openQueue, type Queue, type QueueOptions, type QueueRow } from "../../src/store/index.ts";
import { entries, queueConformance } from "../conformance/queue.ts";
import { virtualClock } from "../support/clock.ts";
import { temporaryFolder } from "../support/folder.ts";
import { ModelQueue, modelFile } from "../support/model_queue.ts";

queueConformance("a queue in memory", (options: Partial<QueueOptions> = {}) => {
  const [file, clock] = [modelFile(), virtualClock()];
  const start = () => new ModelQueue(file, () => clock.nowMs(), options);
  return { queue: start(), clock, reopen: start, [Symbol.dispose]() {} };
});

/** What a random step did, told alike by any queue. */
const STEPS: readonly ((queue: Queue, held: QueueRow[], number: number) => unknown)[] = [
  (queue, _held, number) => queue.enqueue(entries(`k${number % 40}`, `k${(number * 7) % 40}`)),
  (queue, held, number) => {
    const rows = queue.lease(1 + (number % 3), "worker", 100 + (number % 400));
    held.push(...rows);
    return rows.map(({ seq, attempt }) => [seq, attempt]);
  },
  (queue, held, number) => queue.ack(held.splice(0, 1 + (number % 2))),
  (queue, held, number) =>
    queue.nack(held.splice(0, 1).map((row) => ({ ...row, reason: "no", delayMs: number % 300 }))),
  (queue, held) => queue.release(held.splice(-1, 1)),
];

test("the SQLite queue does what the one in memory does, over 50 random stories with restarts", () => {
  for (let seed = 1; seed <= 50; seed++) {
    using folder = temporaryFolder();
    const random = seededRandom(seed);
    const clock = virtualClock();
    const options = { maxAttempts: 3, rememberMs: 2_000 };
    const file = modelFile();
    const open = () =>
      openQueue(path.join(folder.path, "q"), {
        clock,
        onDamaged: expect.unreachable,
        durability: "relaxed",
        ...options,
      });
    const model = () => new ModelQueue(file, () => clock.nowMs(), options);
    let pair: [Queue, Queue] = [open(), model()];
    const held: [QueueRow[], QueueRow[]] = [[], []];
    for (let step = 0; step < 60; step++) {
      const [which, number] = [random.uint32() % STEPS.length, random.uint32() % 1_000];
      const [real, modelled] = pair.map((queue, at) => STEPS[which]!(queue, held[at]!, number));
      expect({ seed, step, did: real }).toEqual({ seed, step, did: modelled });
      expect(pair[0].depth()).toEqual(pair[1].depth());
      clock.advance(number % 97);
      if (number % 23 === 0) {
        pair[0].close();
        pair = [open(), model()];
      }
    }
    expect(pair[0].verify()).toEqual([]);
    pair[0].close();
  }
}, 30_000);
