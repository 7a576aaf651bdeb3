import { expect, test } from "bun:test";
import * as v from "valibot";
import type { SourceInstance, SourceYield } from "../../../src/node/index.ts";
import { generateSource } from "../../../src/nodes/dev/generate_source.ts";
import type { StreamPacket } from "../../../src/packet/index.ts";
import { runSource, testContext } from "../../support/node.ts";

const numbers = (packets: readonly StreamPacket[]) => packets.map((packet) => (packet.payload as { i: number }).i);

/** Lets what waits for a promise go on. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Pulls a paced source in the background; `taken` holds the numbers of each yield. */
function pull(config: Record<string, unknown>) {
  const context = testContext();
  const source = generateSource.create(v.parse(generateSource.config, config), context) as SourceInstance;
  const abort = new AbortController();
  const taken: number[][] = [];
  const done = (async () => {
    for await (const item of source.run(abort.signal) as AsyncIterable<SourceYield>) {
      taken.push(numbers(item as StreamPacket[]));
    }
  })();
  return { clock: context.clock, taken, abort, done };
}

test("generate_source numbers its packets from 0 and ends after count", async () => {
  const { packets } = await runSource(generateSource, { count: 600, kind: "sensor" });
  expect(numbers(packets)).toEqual(Array.from({ length: 600 }, (_, i) => i));
  expect(packets[0]!.kind).toBe("sensor");
});

test("generate_source goes on until it is stopped when count is 0", async () => {
  const { packets } = await runSource(generateSource, {}, { limit: 1_000 });
  expect(packets.length).toBeGreaterThanOrEqual(1_000);
});

test("generate_source hands over at most batch packets at once", () => {
  const source = generateSource.create(v.parse(generateSource.config, { count: 10, batch: 4 }), testContext());
  const run = (source as SourceInstance).run(new AbortController().signal) as Iterable<StreamPacket[]>;
  expect([...run].map((packets) => packets.length)).toEqual([4, 4, 2]);
});

test("generate_source repeats its values with the same seed", async () => {
  const values = async (seed: number) =>
    (await runSource(generateSource, { count: 4, seed })).packets.map((packet) => packet.payload);
  const first = await values(7);
  expect(first).toEqual(await values(7));
  expect(first).not.toEqual(await values(8));
  expect(first[0]).toEqual({ i: 0, value: expect.any(Number) });
});

test("generate_source with a rate makes packet i at start + i/rate", async () => {
  const run = pull({ count: 4, rate: 10 });
  await turn();
  expect(run.taken).toEqual([[0]]);
  run.clock.advance(99);
  await turn();
  expect(run.taken).toEqual([[0]]);
  for (let step = 0; step < 3; step++) {
    run.clock.advance(100);
    await turn();
  }
  await run.done;
  expect(run.taken).toEqual([[0], [1], [2], [3]]);
});

test("generate_source does not drift when its period is no whole millisecond", async () => {
  const run = pull({ rate: 3 });
  await turn();
  for (let step = 0; step < 600; step++) {
    run.clock.advance(100);
    await turn();
  }
  // 60 s at 3/s, and the one at 0 s.
  expect(run.taken.flat().length).toBe(181);
  run.abort.abort();
  await run.done;
  expect(run.clock.pending).toBe(0);
});

test("generate_source catches up in bursts of batch after it was held back", async () => {
  const run = pull({ rate: 1_000, batch: 100 });
  await turn();
  run.clock.advance(250);
  await turn();
  expect(run.taken.map((packets) => packets.length)).toEqual([1, 100, 100, 50]);
  run.abort.abort();
  await run.done;
});

test("generate_source refuses a negative rate and a fractional count", () => {
  expect(v.safeParse(generateSource.config, { rate: -1 }).success).toBe(false);
  expect(v.safeParse(generateSource.config, { count: 1.5 }).success).toBe(false);
});
