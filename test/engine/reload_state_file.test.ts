import { expect, test } from "bun:test";
import { changesOf } from "../../src/graph/changes.ts";
import { DurableBox } from "../support/durable.ts";
import { macrotask, node, packets, sink, source, type TestHost, type TestNode, toEnd } from "../support/engine.ts";

/** Sends three, and goes on until it is stopped. */
const staying = () =>
  source("s", async function* (signal: AbortSignal) {
    yield* packets(3);
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  });

const counting = (): TestNode => {
  let count = 0;
  const create: TestNode["create"] = () => ({
    process(one, emit) {
      count += 1;
      emit.out!(one);
    },
    snapshot: () => count,
    restore(state) {
      count = state as number;
    },
  });
  return { ...node("sum"), create };
};

async function pass({ clock }: TestHost, ms: number) {
  for (let at = 0; at < ms; at += 10) {
    for (let turn = 0; turn < 5; turn++) await macrotask();
    clock.advance(10);
  }
}

test("a file of state that cannot be opened for the first node with state leaves the old graph", async () => {
  const box = new DurableBox();
  const [s, a, out] = [staying(), node("a"), sink("out")];
  const { engine, host, ended, queues, letters } = await box.start([s, a, out], ["s => a", "a -> out"], {}, () => {
    throw new Error("the disk is full");
  });
  await pass(host, 300);
  const next = box.plan([s, a, counting(), out], ["s => a", "a -> sum", "sum -> out"]);
  const reloading = engine.reloads.reload(next, {
    ...{ changes: changesOf(engine.plan, next), durable: { queues, letters } },
  });
  expect(await toEnd(reloading, host)).toMatchObject({
    ...{ outcome: "rolled_back", generation: 0, reason: expect.stringContaining("the disk is full") },
  });
  engine.stop("signal");
  const run = await toEnd(ended, host);
  expect([run.status, engine.plan.nodes.length, out.ids.length]).toEqual(["ok", 3, 3]);
});

test("what fails once the new graph runs ends the run, and is not told as if the old one ran", async () => {
  const box = new DurableBox();
  const [s, a, out] = [staying(), node("a"), sink("out")];
  const { engine, host, ended } = await box.start([s, out], ["s -> out"]);
  await pass(host, 100);
  const next = box.plan([s, a, out], ["s -> a", "a -> out"]);
  const reloading = engine.reloads.reload(next, {
    changes: changesOf(engine.plan, next),
    onSwapped() {
      throw new Error("no thread for the watchdog");
    },
  });
  expect(await toEnd(reloading, host)).toMatchObject({
    ...{ outcome: "reloaded", generation: 1, reason: "no thread for the watchdog" },
  });
  const run = await toEnd(ended, host);
  expect([run.status, engine.failure?.message]).toEqual([
    "error",
    "the new graph cannot go on after the reload: no thread for the watchdog",
  ]);
});
