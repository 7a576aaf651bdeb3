import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { merge } from "../../../src/nodes/flow/merge.ts";
import { packet, startNode } from "../../support/node.ts";

const at = (second: number, payload: unknown = second) =>
  packet({ ts: new Date(second * 1_000).toISOString(), payload });
const payloads = (packets: readonly { payload: unknown }[]) => packets.map(({ payload }) => payload);
const byTime = (config = {}) => startNode(merge, { inputs: ["a", "b"], by: "time", ...config });

describe("merge by time", () => {
  test("lets packets go in order of time, and only once their time has passed", async () => {
    const { process, advance, on } = byTime();
    for (const [second, input] of [
      [3, "a"],
      [1, "b"],
      [2, "a"],
    ] as const)
      await process(at(second), input);
    advance(2_000);
    expect(payloads(on("out"))).toEqual([1]);
    advance();
    expect(payloads(on("out"))).toEqual([1, 2, 3]);
  });

  test("gives the same order however the inputs were interleaved", () => {
    const sent = fc.array(fc.record({ second: fc.nat(5), input: fc.constantFrom("a", "b") }), { maxLength: 20 });
    fc.assert(
      fc.asyncProperty(sent, fc.infiniteStream(fc.boolean()), async (packets, coin) => {
        const numbered = packets.map((one, i) => ({ ...one, i }));
        const left = numbered.filter(({ input }) => input === "a");
        const right = numbered.filter(({ input }) => input === "b");
        const mixed = [];
        while (left.length + right.length > 0) {
          const first = left.length === 0 || (right.length > 0 && coin.next().value) ? right : left;
          mixed.push(first.shift()!);
        }
        const run = async (list: typeof numbered) => {
          const { process, advance, on } = byTime();
          for (const { second, input, i } of list) await process(at(second, i), input);
          advance();
          return payloads(on("out"));
        };
        const inOrder = [
          ...numbered.filter(({ input }) => input === "a"),
          ...numbered.filter(({ input }) => input === "b"),
        ];
        expect(await run(mixed)).toEqual(await run(inOrder));
      }),
    );
  });

  test("sends what is late by its own port, and refuses what has no time", async () => {
    const { process, advance, on, node } = byTime();
    advance(5_000);
    await process(at(4), "a");
    await process(at(5), "a");
    expect([payloads(on("late")), node.metrics!()]).toEqual([[4], expect.objectContaining({ late_total: 1, held: 1 })]);
    await expect(process(packet({ ts: "noon" }), "a")).rejects.toThrow("ISO-8601");
  });

  test("holds nobody longer than max_wait by the clock, and keeps the order", async () => {
    const { process, on, context, node } = byTime({ max_wait: "10s" });
    await process(at(7), "a");
    context.clock.advance(9_000);
    await process(at(3), "b");
    await process(at(9), "b");
    context.clock.advance(1_000);
    expect(payloads(on("out"))).toEqual([3, 7]);
    context.clock.advance(9_000);
    expect([payloads(on("out")), node.metrics!().waited_total]).toEqual([[3, 7, 9], 3]);
    expect(context.clock.pending).toBe(0);
  });

  test("holds no more than max_held: the earliest goes", async () => {
    const { process, on, node } = byTime({ max_held: 2 });
    for (const second of [5, 3, 4]) await process(at(second), "a");
    expect([payloads(on("out")), node.metrics!()]).toEqual([[3], expect.objectContaining({ early_total: 1, held: 2 })]);
  });

  test("goes on after a restart with all that it held", async () => {
    const before = byTime();
    for (const [second, input] of [
      [3, "a"],
      [3, "b"],
      [2, "b"],
    ] as const)
      await before.process(at(second, `${second}${input}`), input);
    before.advance(2_000);
    const after = byTime();
    after.node.restore!(JSON.parse(JSON.stringify(before.node.snapshot!())));
    await after.process(at(1), "a");
    after.advance();
    expect([payloads(after.on("out")), payloads(after.on("late"))]).toEqual([["2b", "3a", "3b"], [1]]);
  });
});

test("merge refuses an input twice", () => {
  expect(merge.check({ inputs: ["a", "b", "a"] })).toMatchObject([{ path: ["inputs", 2] }]);
});
