import fc from "fast-check";
import { windowAggregate } from "../../../src/nodes/time/window_aggregate.ts";
import type { StreamPacket } from "../../../src/packet/index.ts";
import { startNode, testContext } from "../../support/node.ts";
import { packetOf, type Reading, type Shape, windowOf } from "./reference.ts";

/** How much later than its time a packet may come in these tests. */
export const MAX_DELAY = 40;

/** Around which times: before 1970, at it, now, and long after. */
const BASES = [Date.UTC(1969, 11, 31, 23, 59), 0, Date.UTC(2026, 2, 29, 0, 59), Date.UTC(2099, 0, 1)];

export const shapes: fc.Arbitrary<Shape> = fc.oneof(
  fc
    .record({ size: fc.integer({ min: 1, max: 60 }), origin: fc.integer({ min: -99, max: 99 }) })
    .map(({ size, origin }): Shape => ({ type: "tumbling", size, hop: size, origin })),
  fc
    .record({
      size: fc.integer({ min: 2, max: 60 }),
      part: fc.integer({ min: 1, max: 60 }),
      origin: fc.integer({ min: -9, max: 9 }),
    })
    .map(({ size, part, origin }): Shape => ({ type: "hopping", size, hop: Math.min(size, part), origin })),
  fc.integer({ min: 1, max: 60 }).map((size): Shape => ({ type: "sliding", size })),
  fc.integer({ min: 1, max: 60 }).map((gap): Shape => ({ type: "session", gap })),
);

export const values = fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.double({ min: -1e6, max: 1e6, noNaN: true }));

/** Readings in the order of their times; no two of a key at the same time, where the order would decide. */
export const readings = (value: fc.Arbitrary<unknown> = fc.integer({ min: -1000, max: 1000 })) =>
  fc
    .record({
      base: fc.constantFrom(...BASES),
      steps: fc.array(
        fc.record({ step: fc.integer({ min: 1, max: 30 }), key: fc.constantFrom("a", "b", "c", "ä"), value }),
        { minLength: 1, maxLength: 80 },
      ),
    })
    .map(({ base, steps }) => {
      let t = base;
      return steps.map(({ step, key, value }): Reading => {
        t += step;
        return { t, key, value };
      });
    });

/** The same readings, each at most so late. */
export const shuffled = (readings: readonly Reading[], maxDelay = MAX_DELAY) =>
  fc
    .array(fc.integer({ min: 0, max: maxDelay }), { minLength: readings.length, maxLength: readings.length })
    .map((delays) =>
      readings
        .map((reading, at) => ({ reading, comes: reading.t + delays[at]! }))
        .toSorted((a, b) => a.comes - b.comes)
        .map(({ reading }) => reading),
    );

export type Started = ReturnType<typeof startNode>;

export const startWindows = (shape: Shape, config: Record<string, unknown>, nodeId = "node") =>
  startNode(windowAggregate, { window: windowOf(shape), ...config }, testContext({ nodeId }));

/** Feeds readings as an engine would: event time is told before the packet that follows. */
export async function feed(started: Started, readings: readonly Reading[], highest = Number.NEGATIVE_INFINITY) {
  for (const reading of readings) {
    if (Number.isFinite(highest)) started.advance(highest - MAX_DELAY);
    await started.process(packetOf(reading));
    highest = Math.max(highest, reading.t);
  }
  return highest;
}

/** What results say, without the ids that no two runs share. */
export const said = (packets: readonly StreamPacket[]) =>
  packets.map(({ ts, kind, source_id, payload, meta }) => ({ ts, kind, source_id, payload, meta }));
