import { describe, expect, test } from "bun:test";
import type { Hold, NodeDefinition } from "../../../src/node/index.ts";
import { debounce } from "../../../src/nodes/flow/debounce.ts";
import { throttle } from "../../../src/nodes/flow/throttle.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

/** A context whose holds are known by the payload of their packet. */
function holding() {
  const context = testContext();
  const log: string[] = [];
  let name = "";
  const named = new Map<Hold | undefined, string>();
  return {
    log,
    context: {
      ...context,
      hold() {
        const own = name;
        const hold: Hold = { release: () => void log.push(`release ${own}`), fail() {}, share: () => hold };
        named.set(hold, own);
        return hold;
      },
      carry: (holds: Iterable<Hold | undefined>) => {
        for (const hold of holds) if (hold) log.push(`carry ${named.get(hold)}`);
      },
    },
    of: (payload: string) => {
      name = payload;
      return packet({ payload });
    },
  };
}

function start(definition: NodeDefinition, config: Record<string, unknown>) {
  const held = holding();
  const started = startNode(definition, config, held.context as never);
  return {
    ...started,
    log: held.log,
    take: (payload: string) => started.process(held.of(payload)),
    /** `port payload` of everything that has left. */
    left: () => started.emitted.map(({ port, packet }) => `${port} ${packet.payload}`),
  };
}

describe("throttle by the clock", () => {
  test("latest passes the first at once and the last at the end, each an interval apart", async () => {
    const { take, left, context, log } = start(throttle, { interval: "1s" });
    await take("a");
    await take("b");
    await take("c");
    context.clock.advance(999);
    expect(left()).toEqual(["out a", "skipped b"]);
    context.clock.advance(1);
    await take("d");
    expect(left()).toEqual(["out a", "skipped b", "out c"]);
    context.clock.advance(1_000);
    await take("e");
    expect(left().slice(3)).toEqual(["out d"]);
    expect(log).toEqual(["carry b", "carry c", "carry d"]);
  });

  test("leading skips the rest of an interval, and holds nothing", async () => {
    const { take, left, context, log } = start(throttle, { interval: "1s", mode: "leading" });
    for (const payload of ["a", "b"]) await take(payload);
    context.clock.advance(1_000);
    await take("c");
    expect([left(), log]).toEqual([["out a", "skipped b", "out c"], []]);
  });

  test("trailing passes the last of an interval at its end, and what is left when the input ends", async () => {
    const { take, left, context, advance } = start(throttle, { interval: "1s", mode: "trailing" });
    for (const payload of ["a", "b"]) await take(payload);
    context.clock.advance(1_000);
    await take("c");
    advance(5);
    expect(left()).toEqual(["skipped a", "out b"]);
    advance();
    expect(left()).toEqual(["skipped a", "out b", "out c"]);
  });

  test.each([
    ["throttle", throttle, { interval: "1s" }],
    ["debounce", debounce, { quiet: "1s" }],
  ] as const)("%s counts what it skips", async (_, definition, config) => {
    const { take, left, node } = start(definition, config);
    for (const payload of ["a", "b", "c", "d"]) await take(payload);
    const skipped = left().filter((line) => line.startsWith("skipped"));
    expect(skipped.length).toBeGreaterThan(1);
    expect(node.metrics!().skipped_total).toBe(skipped.length);
  });

  test("leaves no timer and no key behind when it gets quiet", async () => {
    const { take, context, node } = start(throttle, { interval: "1s" });
    await take("a");
    context.clock.advance(1_000);
    expect([context.clock.pending, node.metrics!().keys]).toEqual([0, 0]);
  });

  test("ends the oldest interval early when there are too many keys, and its packet passes", async () => {
    const { take, left, node } = start(throttle, { interval: "1s", mode: "trailing", key: "payload", max_keys: 2 });
    for (const payload of ["a", "b", "c"]) await take(payload);
    expect([left(), node.metrics!()]).toEqual([["out a"], { keys: 2, early_total: 1, skipped_total: 0 }]);
  });

  test("goes on after a restart with what is left of the interval", async () => {
    const before = start(throttle, { interval: "1s", mode: "trailing" });
    before.context.clock.advance(12_345);
    await before.take("a");
    before.context.clock.advance(600);
    const after = start(throttle, { interval: "1s", mode: "trailing" });
    after.node.restore!(structuredClone(before.node.snapshot!()));
    after.context.clock.advance(399);
    expect(after.left()).toEqual([]);
    after.context.clock.advance(1);
    expect(after.left()).toEqual(["out a"]);
  });
});

const timed = (second: number, i: number) => packet({ ts: new Date(second * 1_000).toISOString(), payload: i });

describe("throttle in event time", () => {
  test("an interval ends when event time has passed, whatever the clock says", async () => {
    const { process, on, context, advance } = startNode(throttle, { interval: "10s", mode: "trailing", time: "event" });
    await process(timed(100, 1));
    context.clock.advance(1_000_000);
    advance(109_999);
    expect(on("out")).toEqual([]);
    advance(110_000);
    expect(on("out").map(({ payload }) => payload)).toEqual([1]);
  });

  test("a packet that comes late does not take the place of a later one", async () => {
    const { process, on, advance } = startNode(throttle, { interval: "10s", mode: "trailing", time: "event" });
    for (const [second, i] of [
      [100, 1],
      [105, 2],
      [103, 3],
    ] as const)
      await process(timed(second, i));
    advance();
    expect([on("out"), on("skipped")].map((list) => list.map(({ payload }) => payload))).toEqual([[2], [1, 3]]);
  });

  test("refuses a packet without a time", async () => {
    const { process } = startNode(throttle, { interval: "10s", time: "event" });
    await expect(process(packet({ ts: "noon" }))).rejects.toThrow("ISO-8601");
  });
});

describe("debounce", () => {
  test("passes the last packet once it is quiet, and not before", async () => {
    const { take, left, context, log } = start(debounce, { quiet: "100ms" });
    for (const payload of ["a", "b", "c"]) {
      await take(payload);
      context.clock.advance(99);
    }
    expect(left()).toEqual(["skipped a", "skipped b"]);
    context.clock.advance(1);
    expect(left()).toEqual(["skipped a", "skipped b", "out c"]);
    expect(log).toEqual(["carry a", "carry b", "carry c"]);
  });

  test("passes the last one after max_wait when it never gets quiet", async () => {
    const { take, left, context } = start(debounce, { quiet: "100ms", max_wait: "250ms" });
    for (const payload of ["a", "b", "c", "d"]) {
      await take(payload);
      context.clock.advance(80);
    }
    expect(left().filter((line) => line.startsWith("out"))).toEqual(["out d"]);
  });

  test("tells keys apart, and gives each its own quiet in event time", async () => {
    const { process, on, advance } = startNode(debounce, { quiet: "1s", time: "event", key: "payload" });
    await process(timed(100, 1));
    await process(timed(100.5, 2));
    advance(101_000);
    expect(on("out").map(({ payload }) => payload)).toEqual([1]);
    await process(timed(103, 2));
    expect(on("out").map(({ payload }) => payload)).toEqual([1, 2]);
  });

  test("refuses a max_wait shorter than quiet", () => {
    expect(debounce.check({ quiet: "2s", max_wait: "1s" })).toMatchObject([{ path: ["max_wait"] }]);
  });
});
