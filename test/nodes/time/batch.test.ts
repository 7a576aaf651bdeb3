import { expect, test } from "bun:test";
import { batch } from "../../../src/nodes/time/batch.ts";
import { packetBytes } from "../../../src/packet/index.ts";
import { node, run, source } from "../../support/engine.ts";
import { packet, startNode } from "../../support/node.ts";
import { built } from "./built.ts";

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

test("whoever waits for a packet hears what becomes of its batch, and not of others", async () => {
  const heard: string[] = [];
  const given = ["a", "b", "a", "b"].map((source_id, at) => packet({ packet_id: `p${at}`, source_id }));
  const waiting = source("s", given, {
    ack: ({ packet_id }) => void heard.push(`${packet_id} ack`),
    nack: ({ packet_id }) => void heard.push(`${packet_id} nack`),
  });
  const refusesA = node("z", ({ source_id }) => {
    if (source_id === "a") throw new Error("no");
  });
  const batches = built("batch", batch, { key: { cel: "source_id" }, max_packets: 2 });
  await run([waiting, batches, refusesA], ["s -> batch", "batch -> z"]);
  expect(heard).toEqual(["p0 nack", "p2 nack", "p1 ack", "p3 ack"]);
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
