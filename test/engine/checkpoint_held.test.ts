import { expect, test } from "bun:test";
import type { NodeDefinition } from "../../src/node/index.ts";
import { BUILT_IN } from "../../src/nodes/list.ts";
import { DurableBox } from "../support/durable.ts";
import { macrotask, node, packets, sink, source, type TestHost, type TestNode, toEnd } from "../support/engine.ts";

/** A built-in node behind one that makes packets of its own, as a row of a queue becomes one. */
async function builtIn(plugin: string, config: Record<string, unknown>): Promise<TestNode> {
  const definition = (await BUILT_IN.get(plugin)!()) as NodeDefinition;
  const { stateVersion } = definition;
  return { ...node("held"), stateVersion: stateVersion!, create: (context) => definition.create(config, context) };
}

/** Makes each packet with the engine's factory. */
const making = (): TestNode => ({
  ...node("make"),
  create: ({ packet }) => ({
    process: ({ packet_id }, emit) => emit.out!(packet({ kind: "raw", payload: packet_id })),
  }),
});

const silent = () =>
  source("in", async function* (signal: AbortSignal) {
    yield* packets(3);
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  });

async function pass({ clock }: TestHost, ms: number) {
  for (let at = 0; at < ms; at += 10) {
    for (let turn = 0; turn < 5; turn++) await macrotask();
    clock.advance(10);
  }
}

const BOUNDS = { max_packets: 10, max_bytes: 1e6, max_held: 100, items: "payload", kind: "batch" };
test.each([
  ["delay", { packets: 3, max_packets: 10 }],
  ["batch", BOUNDS],
])("packets that %s holds are in a checkpoint, and leave after a crash", async (plugin, config) => {
  using box = new DurableBox();
  const nodes = async () => [making(), await builtIn(plugin, config)];
  const first = await box.start(
    [silent(), ...(await nodes()), sink("out")],
    ["in => make", "make -> held", "held -> out"],
  );
  await pass(first.host, 1_500);
  expect(first.engine.snapshot().checkpoints).toMatchObject({ taken: 1 });
  using after = box.afterCrash();
  const out = sink("out");
  await after.run([source("in", []), ...(await nodes()), out], ["in => make", "make -> held", "held -> out"]);
  const payloads = out.got.flatMap(({ payload }) => (payload as { items?: unknown[] }).items ?? [payload]);
  expect(payloads).toEqual(["p0", "p1", "p2"]);
  first.engine.stop("signal");
  await toEnd(first.ended, first.host);
});
