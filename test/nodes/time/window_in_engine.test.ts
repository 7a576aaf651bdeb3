import { expect, test } from "bun:test";
import fc from "fast-check";
import { windowAggregate } from "../../../src/nodes/time/window_aggregate.ts";
import { run, sink, source } from "../../support/engine.ts";
import { built } from "./built.ts";
import { expectedWindows, iso, packetOf, type Reading, windowOf } from "./reference.ts";
import { MAX_DELAY, readings, shapes, shuffled } from "./streams.ts";

/** What the packets of a run say; the engine's clock stands at the beginning of 2026. */
const START_MS = Date.UTC(2026, 0, 1);
const near = (given: readonly Reading[]) => given.map((one) => ({ ...one, t: START_MS + (one.t - given[0]!.t) }));

const EDGES = ["s -> window", "window -> z", "window.late -> late"];
const from = (given: readonly Reading[]) =>
  source("s", given.map(packetOf), { runtime: { event_time: { max_delay_ms: MAX_DELAY, idle_ms: 30_000 } } });

for (const fuse of [true, false]) {
  test(`an engine's watermark makes the windows of packets out of order whole, ${fuse ? "fused" : "unfused"}`, async () => {
    await fc.assert(
      fc.asyncProperty(
        readings().chain((given) => fc.tuple(fc.constant(near(given)), shuffled(near(given)))),
        shapes,
        async ([given, mixed], shape) => {
          const aggregates = { values: { fn: "collect", of: "value" } };
          const window = built("window", windowAggregate, { window: windowOf(shape), aggregates });
          const [z, late] = [sink("z"), sink("late")];
          await run([from(mixed), window, z, late], EDGES, { fuse });
          const told = z.got.map(({ payload }) => {
            const { key, window, values } = payload as {
              key: string;
              window: { start: string; end: string };
              values: [];
            };
            return { key, start: window.start, end: window.end, values };
          });
          const expected = expectedWindows(given, shape).map((one) => ({
            ...one,
            start: iso(one.start),
            end: iso(one.end),
          }));
          expect(told).toEqual(expected as never);
          expect(late.got).toEqual([]);
        },
      ),
      { numRuns: 100 },
    );
  });
}

test("a window gives its result as soon as the watermark is past it, not at the end of the input", async () => {
  const heard: string[] = [];
  const second = (at: number): Reading => ({ t: START_MS + at * 1_000, key: "a", value: at });
  const given = [0, 1, 5, 12, 16, 17].map(second);
  const s = source(
    "s",
    function* () {
      for (const one of given) {
        heard.push(`sent ${one.value}`);
        yield packetOf(one);
      }
    },
    { runtime: { event_time: { max_delay_ms: 5_000, idle_ms: 30_000 } } },
  );
  const window = built("window", windowAggregate, { window: { type: "tumbling", size: "10s" } });
  const z = {
    ...sink("z"),
    create: () => ({ process: ({ ts }: { ts: string }) => void heard.push(`window to ${ts}`) }),
  };
  await run([s, window, z], ["s -> window", "window -> z"]);
  expect(heard).toEqual([
    ...["sent 0", "sent 1", "sent 5", "sent 12", "sent 16"],
    "window to 2026-01-01T00:00:10.000Z",
    "sent 17",
    "window to 2026-01-01T00:00:20.000Z",
  ]);
});

test("windows of windows lose nothing: a result is not late for the node behind", async () => {
  const given = Array.from({ length: 500 }, (_, at): Reading => ({ t: START_MS + at * 100, key: "a", value: 1 }));
  const config = (size: string, of: string) => ({
    window: { type: "tumbling", size },
    aggregates: { sum: { fn: "sum", of } },
  });
  const [first, second] = [
    built("first", windowAggregate, config("1s", "value")),
    built("second", windowAggregate, config("10s", "sum")),
  ];
  const [z, late] = [sink("z"), sink("late")];
  await run(
    [from(given), first, second, z, late],
    ["s -> first", "first -> second", "second -> z", "second.late -> late"],
  );
  // The result of the tenth second has the time of its end, where the next ten begin.
  expect(z.got.map(({ payload }) => (payload as { sum: number }).sum)).toEqual([90, 100, 100, 100, 100, 10]);
  expect(late.got).toEqual([]);
});
