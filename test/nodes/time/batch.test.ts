import { expect, test } from "bun:test";
import type { Hold } from "../../../src/node/index.ts";
import { batch } from "../../../src/nodes/time/batch.ts";
import { packetBytes } from "../../../src/packet/index.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

type Payload = { items: unknown[]; reason: string };
const of = (payload: unknown, source_id = "a") => packet({ source_id, payload });
const told = (started: ReturnType<typeof startNode>) =>
  started.on("out").map(({ payload }) => [(payload as Payload).reason, (payload as Payload).items]);

test("a batch leaves when its first packet has waited, whatever came since", async () => {
  const started = startNode(batch, { key: { cel: "source_id" }, max_wait: "5s" });
  const { clock } = started.context;
  await started.process(of(1, "a"));
  clock.advance(3_000);
  await started.process(of(2, "b"));
  await started.process(of(3, "a"));
  clock.advance(1_999);
  expect(started.emitted).toEqual([]);
  clock.advance(1);
  expect(told(started)).toEqual([["wait", [1, 3]]]);
  clock.advance(3_000);
  expect(told(started)[1]).toEqual(["wait", [2]]);
  expect(clock.pending).toBe(0);
});

test("a batch that a packet would make too large leaves without it", async () => {
  const large = of("x".repeat(1_000));
  const started = startNode(batch, { max_bytes: packetBytes(large) * 2 - 1 });
  for (let n = 0; n < 3; n++) await started.process(large);
  expect(told(started)).toEqual([
    ["bytes", [large.payload]],
    ["bytes", [large.payload]],
  ]);
  await started.process(of("x".repeat(5_000)));
  expect(told(started).length).toBe(4);
});

test("no more packets are held than may be: the batch that began first makes room", async () => {
  const started = startNode(batch, { key: { cel: "source_id" }, max_held: 3 });
  for (const [payload, key] of ["a", "b", "a", "c", "d"].entries()) await started.process(of(payload, key));
  expect(told(started)).toEqual([["held", [0, 2]]]);
  expect(started.node.metrics!()).toMatchObject({ held: 3, keys: 3, batches_total: 1 });
});

test("whole packets can be in the list", async () => {
  const started = startNode(batch, { max_packets: 1, items: "packet" });
  await started.process(of(7));
  expect(told(started)).toEqual([["packets", [{ ...of(7) }]]]);
});

test("a batch carries the holds of its packets, and those of others stay", async () => {
  const held: string[] = [];
  const carried: string[][] = [];
  const holds: (Hold & { name: string })[] = [];
  const context = {
    ...testContext(),
    hold: () => {
      const name = `hold ${holds.length}`;
      held.push(name);
      holds.push({ name, share: () => holds[0]!, release: () => {}, fail: () => {} });
      return holds.at(-1)!;
    },
    carry: (some: Iterable<Hold | undefined>) =>
      void carried.push([...some].map((hold) => (hold as { name: string }).name)),
  };
  const started = startNode(batch, { key: { cel: "source_id" }, max_packets: 2 }, context);
  for (const key of ["a", "b", "a"]) await started.process(of(0, key));
  expect([held, carried]).toEqual([["hold 0", "hold 1", "hold 2"], [["hold 0", "hold 2"]]]);
  started.advance();
  expect(carried[1]).toEqual(["hold 1"]);
});

test("a restored batch has its packets and waits anew", async () => {
  const config = { max_wait: "5s", max_packets: 3 };
  const first = startNode(batch, config);
  for (const payload of [1, 2]) await first.process(of(payload));
  const restored = startNode(batch, config);
  restored.node.restore!(structuredClone(first.node.snapshot!()));
  restored.context.clock.advance(4_999);
  expect(restored.emitted).toEqual([]);
  restored.context.clock.advance(1);
  expect(told(restored)).toEqual([["wait", [1, 2]]]);
  first.advance();
  const [one, again] = [first.on("out")[0]!, restored.on("out")[0]!];
  expect(again.meta).toEqual(one.meta);
});
