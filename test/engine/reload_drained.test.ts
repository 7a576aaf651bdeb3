import { expect, test } from "bun:test";
import { changesOf } from "../../src/graph/changes.ts";
import { DurableBox } from "../support/durable.ts";
import { macrotask, packets, sink, source, type TestHost, toEnd } from "../support/engine.ts";

async function pass({ clock }: TestHost, ms: number) {
  for (let at = 0; at < ms; at += 10) {
    for (let turn = 0; turn < 5; turn++) await macrotask();
    clock.advance(10);
  }
}

/** Sends 50, and goes on until it is stopped. */
const staying = () =>
  source("s", async function* (signal: AbortSignal) {
    yield* packets(50);
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  });

test("a sink that is replaced first delivers what waits in a durable edge that goes", async () => {
  const box = new DurableBox();
  const [s, out] = [staying(), sink("out")];
  const { promise: open, resolve: letGo } = Promise.withResolvers<void>();
  const slow = {
    ...out,
    // Nothing is delivered before the reload has begun.
    create: () => ({
      process: async (one: { packet_id: string }) => {
        await open;
        out.ids.push(`old ${one.packet_id}`);
      },
    }),
  };
  const { engine, host, ended, letters } = await box.start([s, slow], ["s => out"]);
  await pass(host, 300);
  const made = box.plan([s, out], ["s -> out"]);
  const next = {
    ...made,
    nodes: made.nodes.map((one) => (one.id === "out" ? { ...one, config: { is: "new" } } : one)),
  };
  const changes = changesOf(engine.plan, next);
  expect(changes.queues).toMatchObject([{ what: "drained" }]);
  const reloading = engine.reloads.reload(next, { changes, durable: { letters }, dropState: true });
  await pass(host, 100);
  letGo();
  expect(await toEnd(reloading, host)).toMatchObject({ outcome: "reloaded" });
  engine.stop("signal");
  await toEnd(ended, host);
  expect(out.ids).toEqual(packets(50).map(({ packet_id }) => `old ${packet_id}`));
});
