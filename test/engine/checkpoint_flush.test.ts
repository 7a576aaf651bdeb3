import { expect, test } from "bun:test";
import { DurableBox } from "../support/durable.ts";
import { macrotask, node, packets, sink, source, type TestHost, type TestNode, toEnd } from "../support/engine.ts";

async function pass({ clock }: TestHost, ms: number) {
  for (let at = 0; at < ms; at += 10) {
    for (let turn = 0; turn < 5; turn++) await macrotask();
    clock.advance(10);
  }
}

const staying = () =>
  source("in", async function* (signal: AbortSignal) {
    yield* packets(3);
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  });

/** A node with a state, and behind it one that keeps what it took in memory, as a file does with lines. */
async function started(box: DurableBox, flush: (took: number) => void) {
  const counting: TestNode = {
    ...node("count"),
    stateVersion: 1,
    create: () => ({ process: (one, emit) => emit.out!(one), snapshot: () => 0, restore() {} }),
  };
  const file: TestNode = {
    ...sink("file"),
    create() {
      let took = 0;
      return {
        process() {
          took += 1;
        },
        flush: () => flush(took),
      };
    },
  };
  const run = await box.start([staying(), counting, file], ["in => count", "count -> file"]);
  await pass(run.host, 1_500);
  return run;
}

test("nodes make safe what they took before there is a checkpoint without it", async () => {
  using box = new DurableBox();
  const flushed: number[] = [];
  const run = await started(box, (took) => flushed.push(took));
  expect(flushed).toEqual([3]);
  expect(run.engine.snapshot().checkpoints).toMatchObject({ taken: 1 });
  run.engine.stop("signal");
  await toEnd(run.ended, run.host);
});

test("there is no checkpoint while a node cannot make safe what it took, and rows stay in their queue", async () => {
  using box = new DurableBox();
  let full = true;
  const run = await started(box, () => {
    if (full) throw new Error("no space left on the disk");
  });
  expect(run.engine.snapshot().checkpoints).toMatchObject({
    taken: 0,
    skipped: [{ reason: "not_written", node: "file" }],
    trouble: expect.stringContaining('node "file" cannot make safe what it has taken: no space left on the disk'),
  });
  expect(run.queues.get(0)!.stats()).toMatchObject({ ready: 0, leased: 3 });
  full = false;
  await pass(run.host, 1_500);
  expect(run.queues.get(0)!.stats()).toMatchObject({ ready: 0, leased: 0 });
  run.engine.stop("signal");
  await toEnd(run.ended, run.host);
});
