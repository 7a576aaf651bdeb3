import { expect, test } from "bun:test";
import { dedup } from "../../../src/nodes/state/dedup.ts";
import { awaited } from "../../support/awaited.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

const at = (second: number, id: unknown = 1) =>
  packet({ ts: new Date(Date.UTC(2026, 0, 1) + second * 1_000).toISOString(), payload: { id } });

async function portsOf(config: Record<string, unknown>, seconds: readonly number[]) {
  const { process, emitted, node } = startNode(dedup, { key: "payload.id", window_sec: 10, ...config });
  for (const second of seconds) await process(at(second));
  return { ports: emitted.map(({ port }) => port), metrics: node.metrics!() };
}

test("dedup holds back repeats until exactly window_sec after the packet that passed", async () => {
  expect((await portsOf({}, [0, 5, 9.999, 10])).ports).toEqual(["out", "duplicate", "duplicate", "out"]);
});

test("dedup does not let duplicates lengthen the window", async () => {
  expect((await portsOf({}, [0, 6, 12])).ports).toEqual(["out", "duplicate", "out"]);
});

test("dedup takes an older packet within the window for a duplicate", async () => {
  expect((await portsOf({}, [20, 11])).ports).toEqual(["out", "duplicate"]);
});

test("dedup passes a packet older than the window, counts it as late and does not remember it", async () => {
  const { ports, metrics } = await portsOf({}, [20, 10, 25]);
  expect(ports).toEqual(["out", "out", "duplicate"]);
  expect(metrics).toMatchObject({ late_total: 1, duplicates_total: 1 });
});

test("dedup tells the number 7 from the text 7", async () => {
  const { process, emitted } = startNode(dedup, { key: "payload.id" });
  for (const id of [7, "7"]) await process(at(0, id));
  expect(emitted.map(({ port }) => port)).toEqual(["out", "out"]);
});

test("dedup without a key compares idempotency keys", async () => {
  const { process, emitted } = startNode(dedup);
  for (const idempotency_key of ["a", "b", "a"]) await process(packet({ meta: { idempotency_key } }));
  expect(emitted.map(({ port }) => port)).toEqual(["out", "out", "duplicate"]);
});

test("dedup forgets the key that passed longest ago when there are too many, and counts it if it was needed", async () => {
  const { process, emitted, node } = startNode(dedup, { key: "payload.id", window_sec: 10, max_keys: 2 });
  for (const [second, id] of [
    [0, 1],
    [1, 2],
    [2, 3],
    [3, 1],
    [30, 4],
  ] as const)
    await process(at(second, id));
  expect(emitted.map(({ port }) => port)).toEqual(["out", "out", "out", "out", "out"]);
  expect(node.metrics!()).toMatchObject({ keys: 2, keys_evicted_total: 2 });
});

test("dedup counts a key that passed again among the newest", async () => {
  const { process, on } = startNode(dedup, { key: "payload.id", window_sec: 10, max_keys: 3 });
  const packets = [
    [0, 1],
    [1, 2],
    [11, 1],
    [12, 3],
    [12, 4],
    [13, 1],
  ] as const;
  for (const [second, id] of packets) await process(at(second, id));
  expect(on("duplicate")).toHaveLength(1);
});

test("dedup goes on after a restart where its snapshot left off", async () => {
  const before = startNode(dedup, { key: "payload.id" });
  await before.process(at(0));
  const after = startNode(dedup, { key: "payload.id" });
  after.node.restore!(JSON.parse(JSON.stringify(before.node.snapshot!())));
  await after.process(at(1));
  expect(after.emitted.map(({ port }) => port)).toEqual(["duplicate"]);
});

/** dedup with somebody waiting for each packet. */
function waitedFor(config: Record<string, unknown> = {}) {
  const roots = awaited(testContext());
  return { ...startNode(dedup, { key: "payload.id", window_sec: 10, ...config }, roots.context), ...roots };
}

test("dedup answers a repeat with the packet that passed, and remembers its key for the window", async () => {
  const { process, emitted, ends, done } = waitedFor();
  for (const second of [0, 1]) await process(at(second));
  done(1);
  expect(ends).toEqual([]);
  done(0);
  expect(ends).toEqual(["done 1", "done 0"]);
  await process(at(2));
  done(2);
  expect([emitted.map(({ port }) => port), ends[2]]).toEqual([["out", "duplicate", "duplicate"], "done 2"]);
});

test("dedup forgets the key of a packet that failed, and fails its repeats", async () => {
  const { process, emitted, ends, done, fail, node } = waitedFor();
  for (const second of [0, 1]) await process(at(second));
  done(1);
  fail(0);
  expect([ends, node.metrics!().keys]).toEqual([["failed 1", "failed 0"], 0]);
  await process(at(0));
  expect(emitted.map(({ port }) => port)).toEqual(["out", "duplicate", "out"]);
});

test("dedup keeps the key of a later packet when an earlier one fails", async () => {
  const { process, emitted, fail } = waitedFor();
  for (const second of [0, 20]) await process(at(second));
  fail(0);
  await process(at(21));
  expect(emitted.map(({ port }) => port)).toEqual(["out", "out", "duplicate"]);
});

test("dedup leaves packets under way out of its snapshot, as they may come again", async () => {
  const { process, node, done } = waitedFor();
  await process(at(0, 1));
  await process(at(0, 2));
  done(1);
  expect(node.snapshot!()).toEqual([["2", Date.UTC(2026, 0, 1)]]);
});
