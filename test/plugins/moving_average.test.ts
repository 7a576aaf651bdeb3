import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { MovingAverage } from "../../plugins/moving_average.ts";
import { packet, startNode } from "../support/node.ts";

const reading = (celsius: unknown, source_id = "yard") => packet({ kind: "sensor", source_id, payload: { celsius } });

async function run(config: Record<string, unknown>, packets: readonly ReturnType<typeof packet>[]) {
  const started = startNode(MovingAverage, { field: "celsius", size: 3, ...config });
  for (const item of packets) await started.process(item);
  return { ...started, averages: averagesOf(started.on("out")) };
}

const averagesOf = (packets: readonly ReturnType<typeof packet>[]) =>
  packets.map(({ payload }) => (payload as { average: number }).average);

describe("moving_average", () => {
  test("averages the numbers there are, then the last ones", async () => {
    const { averages } = await run(
      {},
      [3, 6, 9, 12, 0].map((celsius) => reading(celsius)),
    );
    expect(averages).toEqual([3, 4.5, 6, 9, 7]);
  });

  test("averages each source on its own", async () => {
    const { averages } = await run({}, [reading(1, "a"), reading(10, "b"), reading(3, "a"), reading(20, "b")]);
    expect(averages).toEqual([1, 10, 2, 15]);
  });

  test("does not drift: after a huge number left the window, the small ones count again", async () => {
    const { averages } = await run(
      { size: 2 },
      [1e17, 1, 2].map((celsius) => reading(celsius)),
    );
    expect(averages.at(-1)).toBe(1.5);
  });

  test("keeps the packet and what else its payload holds", async () => {
    const { on } = await run({ into: "mean" }, [packet({ packet_id: "p", payload: { celsius: 4, humidity: 60 } })]);
    expect(on("out")).toMatchObject([{ packet_id: "p", payload: { celsius: 4, humidity: 60, mean: 4 } }]);
  });

  for (const payload of [null, 5, "text", [1], {}, { celsius: "4" }, { celsius: Number.POSITIVE_INFINITY }]) {
    test(`sends a payload of ${JSON.stringify(payload)} to invalid`, async () => {
      const { on } = await run({}, [packet({ payload })]);
      expect([on("invalid").length, on("out").length]).toEqual([1, 0]);
    });
  }

  test("starts afresh the source heard of longest ago when there are too many", async () => {
    const packets = [
      reading(1, "a"),
      reading(1, "b"),
      reading(3, "a"),
      reading(1, "c"),
      reading(9, "b"),
      reading(5, "c"),
    ];
    const { averages, node } = await run({ max_sources: 2 }, packets);
    expect(averages).toEqual([1, 1, 2, 1, 9, 3]);
    expect(node.metrics!()).toEqual({ sources: 2 });
  });

  test("goes on from a snapshot as if it had never stopped", async () => {
    const whole = await run(
      {},
      [3, 6, 9, 12].map((celsius) => reading(celsius)),
    );
    const first = await run(
      {},
      [3, 6].map((celsius) => reading(celsius)),
    );
    const second = startNode(MovingAverage, { field: "celsius", size: 3 });
    second.node.restore!(JSON.parse(JSON.stringify(first.node.snapshot!())));
    for (const celsius of [9, 12]) await second.process(reading(celsius));
    expect(averagesOf(second.on("out"))).toEqual(whole.averages.slice(2));
  });

  test("takes a snapshot that later packets do not change", async () => {
    const { node, process } = await run({}, [reading(3)]);
    const snapshot = node.snapshot!();
    await process(reading(6));
    expect(snapshot).toEqual([["yard", [3]]]);
  });

  test("refuses a snapshot that is none", () => {
    const { node } = startNode(MovingAverage, { field: "celsius", size: 3 });
    expect(() => node.restore!({ yard: 3 })).toThrow();
  });

  for (const size of [0, 1.5, 4_097]) {
    test(`refuses a window of ${size} numbers`, () => {
      expect(v.safeParse(MovingAverage.config, { field: "celsius", size }).success).toBe(false);
    });
  }
});
