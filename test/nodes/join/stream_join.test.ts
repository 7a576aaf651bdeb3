import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { streamJoin } from "../../../src/nodes/join/stream_join.ts";
import type { StreamPacket } from "../../../src/packet/index.ts";
import { held } from "../../support/held.ts";
import { packet, startNode } from "../../support/node.ts";

const START_MS = Date.UTC(2026, 0, 1);
const iso = (ms: number) => new Date(START_MS + ms).toISOString();
let serial = 0;
const at = (ms: number, key: unknown = 1, fields: Partial<StreamPacket> = {}) =>
  packet({ packet_id: `p${serial++}`, ts: iso(ms), payload: { key, ms }, ...fields });

const CONFIG = { key: "payload.key", within: "1s" };
const start = (config: Record<string, unknown> = {}) => startNode(streamJoin, { ...CONFIG, ...config });

/** What left, as [left, right] in milliseconds. */
const pairs = (packets: readonly StreamPacket[]) =>
  packets.map(({ payload }) => {
    const { left, right } = payload as Record<"left" | "right", { ms: number } | null>;
    return [left?.ms ?? null, right?.ms ?? null];
  });

describe("stream_join", () => {
  test("joins what is within the distance in either direction, this far included", async () => {
    const { process, on } = start();
    await process(at(1_000), "right");
    for (const ms of [0, 2_000, 2_001, 1_000]) await process(at(ms), "left");
    expect(pairs(on("out"))).toEqual([
      [0, 1_000],
      [2_000, 1_000],
      [1_000, 1_000],
    ]);
  });

  test("joins packets with the same key only, and tells 7 from the text 7", async () => {
    const { process, on } = start();
    await process(at(0, 7), "left");
    await process(at(1, "7"), "right");
    await process(at(2, 7), "right");
    expect(pairs(on("out"))).toEqual([[0, 2]]);
  });

  test("has the time of the later packet and the same idempotency key when it runs again", async () => {
    const joined = async () => {
      const { process, on } = start();
      await process(at(500, 1, { packet_id: "a" }), "left");
      await process(at(0, 1, { packet_id: "b" }), "right");
      return on("out")[0]!;
    };
    const [first, again] = [await joined(), await joined()];
    expect(first).toMatchObject({ ts: iso(500), kind: "joined", meta: { joined: { left: "a", right: "b" } } });
    expect(first.meta.idempotency_key).toBe('node:["a","b"]');
    expect(again.meta.idempotency_key).toBe(first.meta.idempotency_key);
  });

  test.each([
    ["inner", []],
    ["left", [[0, null]]],
    [
      "full",
      [
        [0, null],
        [null, 100],
      ],
    ],
  ] as const)("in mode %s lets go of packets without a partner once nothing can fit them", async (mode, expected) => {
    const { process, advance, on, node } = start({ mode });
    await process(at(0, "a"), "left");
    await process(at(100, "b"), "right");
    advance(START_MS + 1_000);
    expect(on("out")).toEqual([]);
    advance(START_MS + 1_101);
    expect(pairs(on("out"))).toEqual(expected.map((pair) => [...pair]));
    expect(on("out").every(({ meta, payload }) => meta.partial && (payload as { partial: boolean }).partial)).toBe(
      true,
    );
    expect(node.metrics!()).toMatchObject({ unmatched_total: 2, left_waiting: 0, right_waiting: 0, keys: 0 });
  });

  test("does not let a packet leave alone that found a partner", async () => {
    const { process, advance, on } = start({ mode: "full" });
    await process(at(0), "left");
    await process(at(10), "right");
    advance();
    expect(pairs(on("out"))).toEqual([[0, 10]]);
  });

  test("sends a packet behind the watermark out by late, unless it is within the lateness", async () => {
    const { process, advance, on, node } = start({ lateness: "500ms" });
    advance(START_MS + 10_000);
    await process(at(9_499), "left");
    await process(at(9_500), "left");
    await process(at(9_600), "right");
    expect(on("late").map(({ ts }) => ts)).toEqual([iso(9_499)]);
    expect(pairs(on("out"))).toEqual([[9_500, 9_600]]);
    expect(node.metrics!()).toMatchObject({ late_total: 1 });
  });

  test("a side that never speaks holds the other no longer than the watermark, and then everything leaves", async () => {
    const { process, advance, on, node } = start({ mode: "left" });
    for (let ms = 0; ms < 5_000; ms += 100) {
      await process(at(ms, ms), "left");
      advance(START_MS + ms);
      expect(node.metrics!().left_waiting).toBeLessThanOrEqual(11);
    }
    advance();
    expect(on("out")).toHaveLength(50);
  });

  test("with a clock that jumps back an hour takes what comes as late, and goes on when it is right again", async () => {
    const { process, advance, on } = start();
    await process(at(3_600_000), "left");
    advance(START_MS + 3_600_000);
    await process(at(100), "right");
    await process(at(3_600_100), "right");
    expect([on("late").length, pairs(on("out"))]).toEqual([1, [[3_600_000, 3_600_100]]]);
  });

  test("keeps packets of 1970 and 2099 apart and lets both go at the end", async () => {
    const { process, advance, on } = start({ mode: "full" });
    await process(at(0, 1, { ts: "2099-01-01T00:00:00Z" }), "left");
    await process(at(0, 1, { ts: "1970-01-01T00:00:00Z" }), "right");
    advance();
    expect(on("out").map(({ ts }) => ts)).toEqual(["1970-01-01T00:00:00Z", "2099-01-01T00:00:00Z"]);
  });

  test.each([
    ["a time that is none", { ts: "yesterday" }, "ISO-8601"],
    ["a missing key", { payload: {} }, "payload.key"],
    ["a null key", { payload: { key: null } }, "key is null"],
    ["a key of a megabyte", { payload: { key: "x".repeat(1_000_000) } }, "at most 1024"],
  ])("throws for %s, which becomes a dead letter", async (_, fields, message) => {
    const { process, node } = start();
    await expect(process(at(0, 1, fields), "left")).rejects.toThrow(message);
    expect(node.metrics!()).toMatchObject({ left_waiting: 0 });
  });

  test("carries NaN in a payload through as it is", async () => {
    const { process, on } = start();
    await process(at(0, 1, { payload: { key: 1, value: Number.NaN } }), "left");
    await process(at(1), "right");
    expect(on("out")[0]!.payload).toMatchObject({ left: { value: Number.NaN } });
  });

  test("keeps at most max_packets of keys without end: the oldest leaves early and is counted", async () => {
    const { process, on, node } = start({ mode: "left", max_packets: 3 });
    for (let ms = 0; ms < 1_000; ms++) await process(at(ms, ms), "left");
    expect(node.metrics!()).toMatchObject({ left_waiting: 3, keys: 3, evicted_total: 997 });
    expect(pairs(on("out")).slice(0, 2)).toEqual([
      [0, null],
      [1, null],
    ]);
  });

  test("keeps at most max_per_key of a side", async () => {
    const { process, on, node } = start({ max_per_key: 2 });
    for (const ms of [0, 1, 2]) await process(at(ms), "left");
    await process(at(3), "right");
    expect(pairs(on("out"))).toEqual([
      [1, 3],
      [2, 3],
    ]);
    expect(node.metrics!()).toMatchObject({ evicted_total: 1 });
  });

  test("a packet that comes again takes the place of itself", async () => {
    const { process, on, node } = start();
    const left = at(0);
    await process(left, "left");
    await process(left, "left");
    await process(at(1), "right");
    expect([on("out").length, node.metrics!().left_waiting]).toEqual([1, 1]);
  });
});

describe("stream_join holds", () => {
  test("a packet until it is let go of and its pairs are done", async () => {
    const { context, holds } = held();
    const { process, advance } = startNode(streamJoin, CONFIG, context);
    await process(at(0), "left");
    await process(at(1), "right");
    expect(holds.states()).toEqual(["held", "held"]);
    advance();
    // The second one's own call answers for the pair.
    expect(holds.states()).toEqual(["held", "released"]);
    holds.finish();
    expect(holds.states()).toEqual(["released", "released"]);
  });

  test("no packet whose pair is done before its own time is over", async () => {
    const { context, holds } = held();
    const { process, advance } = startNode(streamJoin, CONFIG, context);
    await process(at(0), "left");
    await process(at(1), "right");
    holds.finish();
    expect(holds.states()).toEqual(["held", "held"]);
    advance();
    expect(holds.states()).toEqual(["released", "released"]);
  });

  test("the first packet of a pair that fails, so that it hears of it as the second one does", async () => {
    const { context, holds } = held();
    const { process } = startNode(streamJoin, CONFIG, context);
    await process(at(0), "left");
    await process(at(1), "right");
    holds.finish(new Error("sink"));
    expect(holds.states()).toEqual(["failed", "held"]);
  });

  test("packets of an inner join that found nobody until their time is over", async () => {
    const { context, holds } = held();
    const { process, advance } = startNode(streamJoin, CONFIG, context);
    await process(at(0), "left");
    advance(START_MS + 1_001);
    expect(holds.states()).toEqual(["released"]);
  });

  test("nothing for a late packet", async () => {
    const { context, holds } = held();
    const { process, advance } = startNode(streamJoin, CONFIG, context);
    advance(START_MS + 1);
    await process(at(0), "left");
    expect(holds.states()).toEqual([]);
  });
});

interface Step {
  side: "left" | "right";
  key: number;
  ms: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  side: fc.constantFrom("left" as const, "right" as const),
  key: fc.integer({ min: 0, max: 3 }),
  ms: fc.integer({ min: 0, max: 6_000 }),
});

/** A pair for each two packets that fit, computed from all of them at once. */
function naive(steps: readonly Step[], mode: string): string[] {
  const [left, right] = [steps.filter(({ side }) => side === "left"), steps.filter(({ side }) => side === "right")];
  const fits = (a: Step, b: Step) => a.key === b.key && Math.abs(a.ms - b.ms) <= 1_000;
  const both = left.flatMap((a) => right.filter((b) => fits(a, b)).map((b) => `${a.key}: ${a.ms} ${b.ms}`));
  const alone = left.filter((a) => !right.some((b) => fits(a, b))).map((a) => `${a.key}: ${a.ms} null`);
  const others = right.filter((b) => !left.some((a) => fits(a, b))).map((b) => `${b.key}: null ${b.ms}`);
  return [...both, ...(mode === "inner" ? [] : alone), ...(mode === "full" ? others : [])].sort();
}

const shown = (packets: readonly StreamPacket[]) =>
  packets
    .map(({ payload }) => {
      const { key, left, right } = payload as { key: number; left: Step | null; right: Step | null };
      return `${key}: ${left?.ms ?? null} ${right?.ms ?? null}`;
    })
    .sort();

test("stream_join gives what a join of everything at once gives, in any order within the watermark", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.constantFrom("inner", "left", "full"),
      async (steps, mode) => {
        const { process, advance, on } = start({ mode });
        let highest = 0;
        for (const { side, key, ms } of steps) {
          highest = Math.max(highest, ms);
          await process(at(ms, key), side);
          // No packet is more than 6 s behind the highest.
          advance(START_MS + highest - 6_000);
        }
        advance();
        expect(shown(on("out"))).toEqual(naive(steps, mode));
        expect(on("late")).toEqual([]);
      },
    ),
    { numRuns: 200 },
  );
});

test("stream_join that was restored from a snapshot goes on as the one that gave it", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(40), async (steps, cut) => {
      const config = { mode: "full", max_per_key: 3, max_packets: 8 };
      const [whole, before] = [start(config), start(config)];
      const play = async (node: ReturnType<typeof start>, part: readonly (Step & { at: StreamPacket })[]) => {
        for (const { side, ms, at: each } of part) {
          await node.process(each, side);
          node.advance(START_MS + ms - 3_000);
        }
      };
      const made = steps.map((each) => ({ ...each, at: at(each.ms, each.key) }));
      await play(whole, made);
      await play(before, made.slice(0, cut));
      const after = start(config);
      after.node.restore!(JSON.parse(JSON.stringify(before.node.snapshot!())));
      await play(after, made.slice(cut));
      for (const node of [whole, after]) node.advance();
      const outputs = [...before.emitted, ...after.emitted].map(({ port, packet: { payload, ts } }) => ({
        port,
        payload,
        ts,
      }));
      expect(outputs).toEqual(whole.emitted.map(({ port, packet: { payload, ts } }) => ({ port, payload, ts })));
    }),
    { numRuns: 200 },
  );
});
