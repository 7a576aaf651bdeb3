import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import * as v from "valibot";
import { split } from "../../../src/nodes/flow/split.ts";
import { joinById } from "../../../src/nodes/join/join_by_id.ts";
import type { StreamPacket } from "../../../src/packet/index.ts";
import { awaited } from "../../support/awaited.ts";
import { held } from "../../support/held.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

type PartFields = Partial<StreamPacket> & { id?: unknown; count?: unknown };
const part = (index: number, { id = "a", count = 3, ...fields }: PartFields = {}) =>
  packet({ packet_id: `${id}/${index}`, payload: index, meta: { trace: 1, split: { id, index, count } }, ...fields });

const start = (config: Record<string, unknown> = {}, context = testContext()) => startNode(joinById, config, context);
const payloads = (packets: readonly StreamPacket[]) => packets.map(({ payload }) => payload);

describe("join_by_id", () => {
  test("gathers the parts of a packet in their order, whatever order they come in", async () => {
    const { process, on, node } = start();
    for (const index of [2, 0, 1]) await process(part(index));
    expect(on("out")).toMatchObject([
      { kind: "joined", payload: { key: "a", parts: [0, 1, 2] }, meta: { trace: 1, idempotency_key: 'node:"a"' } },
    ]);
    expect(on("out")[0]!.meta.split).toBeUndefined();
    expect(node.metrics!()).toMatchObject({ joined_total: 1, groups: 0, packets: 0 });
  });

  test("is the counterpart of split", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer(), { minLength: 1, maxLength: 8 }), { maxLength: 6 }),
        fc.infiniteStream(fc.nat()),
        async (lists, chance) => {
          const cut = startNode(split, { by: "list" });
          for (const [at, payload] of lists.entries())
            await cut.process(packet({ payload, meta: { idempotency_key: `k${at}` } }));
          const shuffled = cut
            .on("out")
            .map((one) => ({ one, at: chance.next().value as number }))
            .sort((a, b) => a.at - b.at);
          const { process, on, advance } = start();
          for (const { one } of shuffled) await process(one);
          advance();
          const joined = on("out").map(({ payload }) => payload as { key: string; parts: number[] });
          expect(joined.sort((a, b) => (a.key < b.key ? -1 : 1))).toEqual(
            lists.map((parts, at) => ({ key: `k${at}`, parts })),
          );
        },
      ),
      { numRuns: 100 },
    );
  });

  test("gathers what arrives at ports by packet id, as a map by name", async () => {
    const { process, on } = start({ parts: ["boxes", "text"], as: "map" });
    await process(packet({ packet_id: "7", payload: 1 }), "text");
    await process(packet({ packet_id: "8", payload: 2 }), "text");
    await process(packet({ packet_id: "7", payload: 3 }), "boxes");
    expect(payloads(on("out"))).toEqual([{ key: "7", parts: { boxes: 3, text: 1 } }]);
  });

  test("gathers a number of packets with the same key in the order in which they come", async () => {
    const { process, on } = start({ key: "source_id", count: 2 });
    for (const [at, source_id] of ["a", "b", "b", "a"].entries()) {
      await process(packet({ packet_id: `${at}`, source_id, payload: at }));
    }
    expect(payloads(on("out"))).toEqual([
      { key: "b", parts: [1, 2] },
      { key: "a", parts: [0, 3] },
    ]);
  });

  test("has the latest time of its parts", async () => {
    const { process, on } = start();
    const times = ["2026-01-01T00:00:02Z", "2026-01-01T09:00:03+09:00", "no time"];
    for (const [index, ts] of times.entries()) await process(part(index, { ts }));
    expect(on("out")[0]!.ts).toBe("2026-01-01T09:00:03+09:00");
  });

  test("lets what is there go when the time is over, and says what is missing", async () => {
    const { process, on, context } = start({ timeout: "5s" });
    await process(part(1));
    context.clock.advance(3_000);
    await process(part(0, { id: "b" }));
    context.clock.advance(1_999);
    expect(on("out")).toEqual([]);
    context.clock.advance(1);
    expect(on("out")).toMatchObject([
      {
        payload: { key: "a", parts: [1], partial: true, missing: ["0", "2"] },
        meta: { partial: true, idempotency_key: 'node:"a":partial' },
      },
    ]);
    context.clock.advance(3_000);
    expect([on("out").length, context.clock.pending]).toEqual([2, 0]);
  });

  test("lets what is there go at the end of the input", async () => {
    const { process, on, advance, context } = start({ parts: ["a", "b"], as: "merged" });
    await process(packet({ payload: { x: 1 } }), "a");
    advance(Date.UTC(2099, 0, 1));
    expect(on("out")).toEqual([]);
    advance();
    expect(on("out")).toMatchObject([{ payload: { x: 1 }, meta: { partial: true, missing: ["b"] } }]);
    expect(context.clock.pending).toBe(0);
  });

  test("sends parts that come when their packet has left out by late", async () => {
    const { process, on, node } = start();
    for (const index of [0, 1, 2, 1]) await process(part(index));
    expect([on("late").length, on("out").length, node.metrics!().late_total]).toEqual([1, 1, 1]);
  });

  test("takes the same part again for itself", async () => {
    const { process, on, node } = start();
    for (const index of [0, 1, 1, 2]) await process(part(index));
    expect([payloads(on("out")), node.metrics!().duplicates_total]).toEqual([[{ key: "a", parts: [0, 1, 2] }], 1]);
    const counted = start({ key: "kind", count: 2 });
    for (const packet_id of ["x", "x", "y"]) await counted.process(packet({ packet_id, payload: packet_id }));
    expect(payloads(counted.on("out"))).toEqual([{ key: "raw", parts: ["x", "y"] }]);
  });

  test("waits for at most max_groups packets, of ids without end: the oldest leaves early", async () => {
    const { process, on, node } = start({ max_groups: 3 });
    for (let id = 0; id < 1_000; id++) await process(part(0, { id }));
    expect(node.metrics!()).toMatchObject({ groups: 3, packets: 3, evicted_total: 997, partial_total: 997 });
    expect(payloads(on("out"))[0]).toMatchObject({ key: 0, partial: true });
  });

  test("keeps at most max_packets parts", async () => {
    const { process, node } = start({ max_packets: 10 });
    for (let id = 0; id < 100; id++) for (const index of [0, 1]) await process(part(index, { id }));
    expect(node.metrics!().packets).toBeLessThanOrEqual(10);
  });

  test.each([
    ["no split", packet({}), "no meta.split.id"],
    ["no number of parts", part(0, { count: null }), "meta.split.count must be"],
    ["NaN parts", part(0, { count: Number.NaN }), "meta.split.count must be"],
    ["more parts than there may be", part(0, { count: 1e9 }), "meta.split.count must be"],
    ["a place outside", part(3), "meta.split.index must be 0 to 2"],
    ["a place that is none", part(0.5), "meta.split.index must be 0 to 2"],
  ])("throws for a part with %s", async (_, one, message) => {
    const { process } = start();
    await expect(process(one)).rejects.toThrow(message);
  });

  test("throws for a part that contradicts the first one, or cannot be merged", async () => {
    const { process } = start();
    await process(part(0));
    await expect(process(part(1, { count: 4 }))).rejects.toThrow("there are 4, and the first one said 3");
    await expect(start({ as: "merged" }).process(part(0))).rejects.toThrow("must be a map");
  });

  test.each([
    ["a name twice", { parts: ["a", "a"] }, "its own"],
    ["parts and count", { parts: ["a", "b"], count: 2 }, "exclude each other"],
    ["an expression that is none", { key: "payload." }, "not valid CEL"],
  ])("the check finds %s", (_, config, message) => {
    expect(joinById.check(v.parse(joinById.config, config))[0]!.message).toContain(message);
  });
});

describe("join_by_id holds", () => {
  test("all parts until what was made of them is done", async () => {
    const { context, holds } = held();
    const { process } = start({}, { ...testContext(), ...context });
    for (const index of [0, 1, 2]) await process(part(index));
    expect(holds.states()).toEqual(["held", "held", "held"]);
    holds.finish();
    expect(holds.states()).toEqual(["released", "released", "released"]);
  });

  test("no part that the same one has replaced, and none that is late", async () => {
    const { context, holds } = held();
    const { process } = start({}, { ...testContext(), ...context });
    for (const index of [0, 0, 1, 2, 2]) await process(part(index));
    holds.finish();
    expect(holds.states()).toEqual(["released", "released", "released", "released", "released"]);
  });

  test("parts that come again because what was made of them failed, and joins them again", async () => {
    const waiting = awaited(testContext());
    const { context } = held(waiting.context as never);
    const { process, on } = start({}, { ...context, outcome: waiting.context.outcome } as never);
    for (const index of [0, 1, 2]) await process(part(index));
    waiting.fail(0);
    for (const index of [0, 1, 2]) await process(part(index));
    expect([on("out").length, on("late").length]).toEqual([2, 0]);
  });

  test("parts that come again of a packet that left without being whole", async () => {
    const { context } = held();
    const {
      process,
      on,
      context: { clock },
    } = start({ timeout: "1s" }, { ...testContext(), ...context });
    await process(part(0));
    clock.advance(1_000);
    await process(part(1));
    expect(on("late")).toHaveLength(1);
    await process(part(0));
    await process(part(1));
    await process(part(2));
    expect(payloads(on("out"))).toMatchObject([{ partial: true }, { parts: [0, 1, 2] }]);
  });
});

test("join_by_id that was restored from a snapshot goes on as the one that gave it", async () => {
  const step = fc.record({ id: fc.nat(5), index: fc.nat(2) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(40), async (steps, cut) => {
      const config = { max_groups: 3, max_packets: 5 };
      const parts = steps.map(({ id, index }) => part(index, { id }));
      const [whole, before, after] = [start(config), start(config), start(config)];
      for (const one of parts) await whole.process(one);
      for (const one of parts.slice(0, cut)) await before.process(one);
      after.node.restore!(JSON.parse(JSON.stringify(before.node.snapshot!())));
      for (const one of parts.slice(cut)) await after.process(one);
      for (const node of [whole, after]) node.advance();
      const shown = (all: typeof whole.emitted) =>
        all.map(({ port, packet: { payload, meta } }) => ({ port, payload, meta }));
      expect(shown([...before.emitted, ...after.emitted])).toEqual(shown(whole.emitted));
    }),
    { numRuns: 200 },
  );
});
