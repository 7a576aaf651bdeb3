import { describe, expect, test } from "bun:test";
import { delay } from "../../../src/nodes/time/delay.ts";
import { initial } from "../../../src/nodes/time/initial.ts";
import { counters, node, packets, run, sink, source, type TestNode } from "../../support/engine.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

const at = (second: number, id: string) =>
  packet({ source_id: id, ts: `2026-01-01T00:00:${`${second}`.padStart(2, "0")}Z` });
const ms = (second: number) => Date.UTC(2026, 0, 1, 0, 0, second);
const ids = (list: readonly { source_id: string }[]) => list.map(({ source_id }) => source_id).join("");

describe("delay by packets", () => {
  test("lets each packet go at the one that many later, and the rest at the end", async () => {
    const held = startNode(delay, { packets: 2 });
    for (const id of ["a", "b"]) await held.process(packet(id));
    expect(held.emitted).toEqual([]);
    await held.process(packet("c"));
    expect(ids(held.on("out"))).toBe("a");
    held.advance(ms(59));
    expect(ids(held.on("out"))).toBe("a");
    held.advance();
    expect(ids(held.on("out"))).toBe("abc");
    await held.process(packet("d"));
    expect(ids(held.on("out"))).toBe("abcd");
  });
});

describe("delay by event time", () => {
  test("lets a packet go when event time has passed its own by so much, whatever the clock says", async () => {
    const held = startNode(delay, { event_time: "5s" });
    await held.process(at(10, "a"));
    await held.process(at(8, "b"));
    await held.process(at(10, "c"));
    held.context.clock.advance(3_600_000);
    held.advance(ms(14));
    expect(ids(held.on("out"))).toBe("b");
    held.advance(ms(15));
    expect(ids(held.on("out"))).toBe("bac");
    await held.process(at(10, "late"));
    expect(ids(held.on("out"))).toBe("baclate");
  });

  test("refuses a time that is none, and lets the first go early when it is full", async () => {
    const held = startNode(delay, { event_time: "5s", max_packets: 2 });
    await expect(held.process(packet({ ts: "yesterday" }))).rejects.toThrow("ts must be ISO-8601");
    for (const [second, id] of [
      [3, "a"],
      [1, "b"],
      [2, "c"],
    ] as const)
      await held.process(at(second, id));
    expect(ids(held.on("out"))).toBe("b");
    expect(held.node.metrics!()).toEqual({ held: 2, early_total: 1 });
  });
});

describe("delay by the clock", () => {
  test("lets each packet go when its time is over", async () => {
    const held = startNode(delay, { time: "500ms" });
    await held.process(packet("a"));
    held.context.clock.advance(200);
    await held.process(packet("b"));
    held.context.clock.advance(299);
    expect(held.emitted).toEqual([]);
    held.context.clock.advance(1);
    expect(ids(held.on("out"))).toBe("a");
    held.context.clock.advance(200);
    expect(ids(held.on("out"))).toBe("ab");
    expect(held.context.clock.pending).toBe(0);
  });

  test("counts on from a snapshot, on a clock that began anew", async () => {
    const first = startNode(delay, { time: "500ms" });
    first.context.clock.advance(7_000);
    await first.process(packet("a"));
    first.context.clock.advance(400);
    const second = startNode(delay, { time: "500ms" }, testContext());
    second.node.restore!(structuredClone(first.node.snapshot!()));
    second.context.clock.advance(99);
    expect(second.emitted).toEqual([]);
    second.context.clock.advance(1);
    expect(ids(second.on("out"))).toBe("a");
    expect(() => second.node.restore!({})).toThrow("cannot restore a delay");
  });
});

test.each([
  ["{}", "one of packets, time, event_time must be given: there is none"],
  ["{ packets: 1, time: 1s }", "there are packets and time"],
])("a delay with config %s is refused", async (config, why) => {
  const text = `version: 2\nnodes:\n  - { id: c, plugin: generate_source }\n  - { id: d, plugin: delay, config: ${config} }\nedges: [{ from: c, to: d }]\n`;
  const { createRegistry } = await import("../../../src/registry/index.ts");
  const { compileGraph } = await import("../../../src/graph/index.ts");
  const registry = createRegistry({ pluginsDir: "/nonexistent", env: {}, warn: () => {} });
  const { diagnostics } = await compileGraph({ path: "g.yaml", baseDir: "/", text }, { catalogue: registry });
  expect(diagnostics).toMatchObject([{ code: "CONFIG_CHECK", message: expect.stringContaining(why) }]);
});

test("initial sends its packet once, before anything else, and not again after a restore", async () => {
  const begun = startNode(initial, { packet: { payload: 0 } });
  await begun.process(packet({ payload: 1 }));
  begun.context.clock.advance(1_000);
  expect(begun.on("out").map(({ payload }) => payload)).toEqual([0, 1]);
  const again = startNode(initial, { packet: { payload: 0 } });
  again.node.restore!(structuredClone(begun.node.snapshot!()));
  again.context.clock.advance(1_000);
  expect(again.emitted).toEqual([]);
});

/** A real node in a test graph. */
function real(id: string, definition: typeof delay, config: object): TestNode {
  const made = definition as unknown as { create(config: unknown, context: unknown): never };
  return {
    id,
    kind: definition.kind,
    inputs: ["in"],
    outputs: ["out"],
    runtime: {},
    create: (context) => made.create(config, context),
  };
}

describe("in the engine", () => {
  const hearing = () => {
    const heard: string[] = [];
    return { heard, ack: ({ packet_id }: { packet_id: string }) => void heard.push(packet_id) };
  };

  test.each([
    ["packets", { packets: 3 }],
    ["clock", { time: "40ms", max_packets: 10 }],
    ["event time", { event_time: "1s", max_packets: 10 }],
  ])("a delay by %s keeps a source waiting for what it holds, and answers each packet once", async (_name, config) => {
    const { heard, ack } = hearing();
    const end = node("end", ({ packet_id }) => void heard.push(`${packet_id} came`), { kind: "sink", outputs: [] });
    const nodes = [source("in", packets(6), { ack }), real("one", delay, config), real("two", delay, config), end];
    const ended = await run(nodes, ["in -> one", "one -> two", "two -> end"]);
    expect(ended.status).toBe("ok");
    const names = ["p0", "p1", "p2", "p3", "p4", "p5"];
    expect(heard.filter((one) => one.endsWith("came"))).toEqual(names.map((id) => `${id} came`));
    expect(heard.filter((one) => !one.endsWith("came")).toSorted()).toEqual(names);
    for (const id of names) expect(heard.indexOf(id)).toBeGreaterThan(heard.indexOf(`${id} came`));
  });

  const worker = () =>
    node(
      "work",
      (one, emit) => {
        const left = one.payload as number;
        if (left === 0) emit.out!(one);
        else emit.on!(packet({ ...one, payload: left - 1 }));
      },
      { outputs: ["out", "on"] },
    );
  const RING = ["in -> work", "work.out -> end", "work.on -> back", "back -> work"];
  const rounds = (...left: number[]) => left.map((payload, index) => packet({ packet_id: `p${index}`, payload }));

  test.each([
    ["packets", { packets: 2 }],
    ["the clock", { time: "30ms", max_packets: 10 }],
    ["event time", { event_time: "1s", max_packets: 10 }],
  ])("a cycle through a delay by %s delivers and answers every packet", async (_name, config) => {
    const { heard, ack } = hearing();
    const end = sink("end");
    const ended = await run(
      [source("in", rounds(3, 0, 2, 5, 1), { ack }), worker(), real("back", delay, config), end],
      RING,
    );
    expect(ended.status).toBe("ok");
    expect(end.ids.toSorted()).toEqual(["p0", "p1", "p2", "p3", "p4"]);
    expect(heard.toSorted()).toEqual(["p0", "p1", "p2", "p3", "p4"]);
    expect(counters(ended, "back").consumed).toBe(11);
  });

  test("a packet held on a cycle meets its hop limit, though nobody waits for it", async () => {
    const back = { ...real("back", delay, { time: "30ms", max_packets: 10 }), runtime: { max_hops: 4 } };
    const ended = await run([source("in", rounds(4, 5)), worker(), back, sink("end")], RING);
    expect(ended.deadLetters.recent.map(({ reason }) => reason.split(":")[0])).toEqual(["hop_limit"]);
  });

  test("a cycle that an initial alone starts gets going before the source is asked", async () => {
    const seen: string[] = [];
    const note = (id: string) =>
      node(id, (one, emit) => {
        seen.push(`${id} ${String(one.payload)}`);
        if ((one.payload as number) < 3) emit.out?.(packet({ ...one, payload: (one.payload as number) + 1 }));
      });
    const first = real("first", initial, { packet: { kind: "raw", payload: 0 } });
    await run(
      [source("in", packets(1)), note("loop"), first, note("ear")],
      ["in -> ear", "first -> loop", "loop -> first"],
    );
    expect(seen).toEqual(["loop 0", "loop 1", "loop 2", "loop 3", "ear 0"]);
  });
});
