import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import * as v from "valibot";
import { sensorFusion } from "../../../src/nodes/join/sensor_fusion.ts";
import type { StreamPacket } from "../../../src/packet/index.ts";
import { held } from "../../support/held.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

const START_MS = Date.UTC(2026, 0, 1);
const iso = (ms: number) => new Date(START_MS + ms).toISOString();
const event = (ms: number, fields: Partial<StreamPacket> = {}) =>
  packet({
    packet_id: `e${ms}`,
    kind: "event",
    ts: iso(ms),
    payload: { event_id: `id${ms}`, event_type: "FIRE" },
    ...fields,
  });
const reading = (ms: number, cm: unknown, id = "front") =>
  packet({ kind: "sensor", ts: iso(ms), payload: { sensor_id: id, cm } });

const start = (config: Record<string, unknown> = {}, context = testContext()) => {
  const node = startNode(sensorFusion, config, context);
  return {
    ...node,
    sensor: (...packets: StreamPacket[]) => each(packets, (one) => node.process(one, "sensors")),
    event: (...packets: StreamPacket[]) => each(packets, (one) => node.process(one, "events")),
    /** What `cm` the events left with, in their order. */
    measured: () => node.on("out").map(({ payload }) => (payload as { sensor?: { cm: unknown } }).sensor?.cm ?? null),
  };
};

async function each<Item>(items: readonly Item[], run: (item: Item) => Promise<void>) {
  for (const item of items) await run(item);
}

describe("sensor_fusion as the predecessor", () => {
  test("takes the nearest reading in either direction, the window included", async () => {
    const { sensor, event: ask, measured } = start();
    await sensor(reading(0, 1), reading(1_000, 2));
    await ask(event(300), event(301), event(699), event(700), event(1_300), event(1_301));
    expect(measured()).toEqual([1, null, null, 2, 2, null]);
  });

  test("takes of two that are as near the one that came first", async () => {
    const first = start();
    await first.sensor(reading(200, "behind"), reading(0, "before"));
    await first.event(event(100));
    expect(first.measured()).toEqual(["behind"]);
    const second = start();
    await second.sensor(reading(0, "before"), reading(200, "behind"), reading(0, "before again"));
    await second.event(event(100));
    expect(second.measured()).toEqual(["before"]);
  });

  test("takes the best of the bests of several sensors, of two as near that of the one heard first", async () => {
    const { sensor, event: ask, measured } = start();
    await sensor(reading(0, "left", "left"), reading(200, "right", "right"));
    await ask(event(100), event(120));
    expect(measured()).toEqual(["left", "right"]);
  });

  test.each([
    [{ sensor_id: "a", id: "b", topic: "c" }, "a"],
    [{ id: "b", topic: "c" }, "b"],
    [{ topic: "c" }, "c"],
    [{ id: 7 }, "7"],
    [{}, "sensor"],
  ])("reads the id of %o as %s", async (payload, sensor_id) => {
    const { sensor, event: ask, on } = start();
    await sensor(packet({ ts: iso(0), payload }));
    await ask(event(0));
    expect(on("out")[0]!.payload).toMatchObject({ sensor: { sensor_id } });
  });

  test.each([
    [{ sensor_type: "a", type: "b" }, {}, "a"],
    [{ type: "b" }, { sensor_type: "c" }, "b"],
    [{}, { sensor_type: "c" }, "c"],
    [{}, {}, "sensor"],
  ])("reads the type of %o with %o as %s", async (payload, config, sensor_type) => {
    const { sensor, event: ask, on } = start(config);
    await sensor(packet({ ts: iso(0), payload }));
    await ask(event(0));
    expect(on("out")[0]!.payload).toMatchObject({ sensor: { sensor_type } });
  });

  test.each([
    [{ sensor_ts: iso(1), source_ts: iso(2), ts: iso(3) }, iso(1)],
    [{ source_ts: iso(2), ts: iso(3) }, iso(2)],
    [{ ts: iso(3) }, iso(3)],
    [{}, iso(4)],
    [{ ts: "2026-01-01T00:00:00.100" }, "2026-01-01T00:00:00.100"],
    [{ ts: "2026-01-01T09:00:00.100+09:00" }, "2026-01-01T09:00:00.100+09:00"],
  ])("reads the time of %o as %s", async (payload, sensor_ts) => {
    const { sensor, event: ask, on } = start();
    await sensor(packet({ ts: iso(4), payload }));
    await ask(event(0));
    expect(on("out")[0]!.payload).toMatchObject({ sensor: { sensor_ts } });
  });

  test("takes a payload that is no map for a value", async () => {
    const { sensor, event: ask, on } = start();
    await sensor(packet({ ts: iso(0), payload: 82.4 }));
    await ask(event(0));
    expect(on("out")[0]!.payload).toMatchObject({
      sensor: { sensor_id: "sensor", sensor_type: "sensor", sensor_ts: iso(0), value: 82.4 },
    });
  });

  test("never overwrites what an event says of a sensor; null says nothing", async () => {
    const { sensor, event: ask, on, node } = start();
    await sensor(reading(0, 1));
    await ask(event(0, { payload: { sensor: { cm: 9 } } }), event(0, { payload: { sensor: null } }));
    expect(on("out").map(({ payload }) => (payload as { sensor: { cm: number } }).sensor.cm)).toEqual([9, 1]);
    expect(node.metrics!()).toMatchObject({ fusion_attempts_total: 1 });
  });

  test("counts attempts, hits and misses, of each sensor too", async () => {
    const { sensor, event: ask, node } = start();
    await sensor(reading(0, 1, "Front Left"));
    await ask(event(0), event(10_000));
    expect(node.metrics!()).toMatchObject({
      fusion_attempts_total: 2,
      fusion_hits_total: 1,
      fusion_misses_total: 1,
      sensor_packets_total: 1,
      sensor_front_left_readings_total: 1,
      sensor_front_left_matched_total: 1,
      sensor_front_left_stale: 1,
    });
  });

  test("makes a FUSED_EVENT of an event that got a reading, with the same id when it runs again", async () => {
    const fused = async () => {
      const node = start({ emit_fused_events: true });
      await node.sensor(reading(0, 1));
      await node.event(event(0), event(10_000));
      return node.on("fused");
    };
    const [first, second] = [await fused(), await fused()];
    expect(first).toHaveLength(1);
    expect(first[0]!.payload).toEqual({
      event_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      event_type: "FUSED_EVENT",
      sensor: { sensor_id: "front", sensor_type: "sensor", sensor_ts: iso(0), cm: 1 },
      fusion: {
        source_event_id: "id0",
        source_event_type: "FIRE",
        time_window_ms: 300,
        strategy: "nearest_by_abs_delta",
      },
    });
    expect([second[0]!.payload, second[0]!.meta]).toEqual([first[0]!.payload, first[0]!.meta]);
    expect(first[0]!.meta.idempotency_key).toBe("fused:e0");
  });

  test("makes a SENSOR_EVENT of each reading when asked to", async () => {
    const { sensor, on } = start({ emit_events: true, site_id: "S001", camera_id: "cam01" });
    await sensor(reading(0, 1));
    expect(on("sensor_events").map(({ payload }) => payload)).toEqual([
      expect.objectContaining({
        event_type: "SENSOR_EVENT",
        object_type: "SENSOR",
        severity: "LOW",
        confidence: 1,
        site_id: "S001",
        camera_id: "cam01",
        ts: iso(0),
        sensor: { sensor_id: "front", sensor_type: "sensor", sensor_ts: iso(0), cm: 1 },
      }),
    ]);
  });

  test("takes a time that cannot be read for now when lenient, and else for a dead letter", async () => {
    const { sensor, event: ask, measured, context } = start({ lenient: true });
    const nowMs = context.clock.nowMs();
    await sensor(packet({ payload: { cm: 1, ts: "yesterday" } }));
    await ask(event(0, { ts: "soon" }), event(nowMs - START_MS + 301));
    expect(measured()).toEqual([1, null]);
    const strict = start();
    await expect(strict.sensor(packet({ payload: { ts: "yesterday" } }))).rejects.toThrow(
      "payload.ts must be ISO-8601",
    );
    await expect(strict.sensor(packet({ ts: "soon" }))).rejects.toThrow("ISO-8601");
    await expect(strict.event(event(0, { ts: "soon" }))).rejects.toThrow("ISO-8601");
    await expect(strict.event(event(0, { payload: [1] }))).rejects.toThrow("must be a map");
  });

  test("keeps max_readings of a sensor, and counts those that made room", async () => {
    const { sensor, event: ask, measured, node } = start({ max_readings: 2 });
    await sensor(reading(0, 1), reading(1_000, 2), reading(500, 3));
    await ask(event(0), event(500), event(1_000));
    expect([measured(), node.metrics!().sensor_packets_dropped_total]).toEqual([[null, 3, 2], 1]);
  });
});

test("sensor_fusion matches as a scan of the ring does", async () => {
  const step = fc.record({
    event: fc.boolean(),
    ms: fc.integer({ min: 0, max: 2_000 }),
    id: fc.constantFrom("a", "b"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { sensor, event: ask, measured } = start({ max_readings: 8, window: "200ms" });
      const rings = new Map<string, { ms: number; at: number }[]>();
      const expected: (number | null)[] = [];
      for (const [at, { event: isEvent, ms, id }] of steps.entries()) {
        if (isEvent) {
          await ask(event(ms));
          let best: { ms: number; at: number } | undefined;
          for (const ring of rings.values()) {
            for (const one of ring) {
              const away = Math.abs(one.ms - ms);
              if (away <= 200 && (best === undefined || away < Math.abs(best.ms - ms))) best = one;
            }
          }
          expected.push(best?.at ?? null);
        } else {
          await sensor(reading(ms, at, id));
          rings.set(id, [...(rings.get(id) ?? []), { ms, at }].slice(-8));
        }
      }
      expect(measured()).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});

describe("sensor_fusion as of", () => {
  test("takes the last reading that is not later, of two of the same time the one that came last", async () => {
    const { sensor, event: ask, measured } = start({ mode: "as_of" });
    await sensor(reading(100, 1), reading(200, 2), reading(200, 3), reading(201, 4));
    await ask(event(99), event(199), event(200), event(501), event(502));
    expect(measured()).toEqual([null, 1, 3, 4, null]);
  });

  test("waits until the watermark is past the event, and no longer", async () => {
    const { sensor, event: ask, measured, advance } = start({ mode: "as_of", wait: true });
    await ask(event(100));
    advance(START_MS + 100);
    await sensor(reading(100, 1));
    expect(measured()).toEqual([]);
    advance(START_MS + 101);
    expect(measured()).toEqual([1]);
  });
});

describe("sensor_fusion interpolates", () => {
  const between = async (before: unknown, behind: unknown, ms = 25) => {
    const node = start({ mode: "interpolate" });
    await node.sensor(reading(0, before), reading(100, behind));
    await node.event(event(ms));
    return node.measured()[0];
  };

  test("numbers on the line between two readings, maps within", async () => {
    expect(await between(100, 200)).toBe(125);
    expect(await between({ x: 0, y: { z: 4 } }, { x: 4, y: { z: 0 } })).toEqual({ x: 1, y: { z: 3 } });
  });

  test("nothing that is no finite number in both: the nearer reading has it", async () => {
    expect(await between("far", "near", 75)).toBe("near");
    expect(await between(Number.NaN, 7, 75)).toBe(7);
    expect(await between(7, Number.POSITIVE_INFINITY, 25)).toBe(7);
    expect(await between([1], [2], 25)).toEqual([1]);
  });

  test("with a reading on one side only takes that one, and says which it is", async () => {
    const { sensor, event: ask, on } = start({ mode: "interpolate" });
    await sensor(reading(0, 1), reading(1_000, 2));
    await ask(event(0), event(100), event(900), event(500));
    expect(on("out").map(({ payload }) => (payload as { sensor?: object }).sensor)).toEqual([
      { sensor_id: "front", sensor_type: "sensor", sensor_ts: iso(0), cm: 1 },
      { sensor_id: "front", sensor_type: "sensor", sensor_ts: iso(0), cm: 1 },
      { sensor_id: "front", sensor_type: "sensor", sensor_ts: iso(1_000), cm: 2 },
      undefined,
    ]);
  });

  test("gives the line's own value for readings that lie on a line, whatever their order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 0, max: 50 }), { minLength: 2, maxLength: 20 }),
        fc.integer({ min: 0, max: 1_000 }),
        async (places, ms) => {
          const node = start({ mode: "interpolate", window: "1s" });
          for (const place of places) await node.sensor(reading(place * 20, place * 40));
          await node.event(event(ms));
          const [low, high] = [Math.min(...places) * 20, Math.max(...places) * 20];
          const expected = Math.min(Math.max(ms, low), high) * 2;
          expect(node.measured()[0]).toBeCloseTo(expected, 6);
        },
      ),
    );
  });
});

describe("sensor_fusion that waits", () => {
  test("uses a reading that comes after its event, and gives events in order of time", async () => {
    const { sensor, event: ask, on, measured, advance } = start({ wait: true });
    await ask(event(500), event(100));
    await sensor(reading(550, 2), reading(120, 1));
    advance(START_MS + 400);
    expect(measured()).toEqual([]);
    advance(START_MS + 401);
    expect(measured()).toEqual([1]);
    advance();
    expect([on("out").map(({ ts }) => ts), measured()]).toEqual([
      [iso(100), iso(500)],
      [1, 2],
    ]);
  });

  test("gives the same for any order within the watermark", async () => {
    const facts = [...Array(20).keys()].flatMap((at) => [event(at * 130), reading(at * 170, at)]);
    const inOrder = start({ wait: true });
    for (const one of facts) await (one.kind === "event" ? inOrder.event(one) : inOrder.sensor(one));
    inOrder.advance();
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(facts, { minLength: facts.length }), async (shuffled) => {
        const node = start({ wait: true });
        for (const one of shuffled) await (one.kind === "event" ? node.event(one) : node.sensor(one));
        node.advance();
        expect(node.on("out").map(({ ts, payload }) => [ts, payload])).toEqual(
          inOrder.on("out").map(({ ts, payload }) => [ts, payload]),
        );
      }),
      { numRuns: 50 },
    );
  });

  test("answers a late event at once, and counts it", async () => {
    const { sensor, event: ask, measured, advance, node } = start({ wait: true });
    await sensor(reading(0, 1));
    advance(START_MS + 10_000);
    await ask(event(0));
    expect([measured(), node.metrics!().events_late_total]).toEqual([[1], 1]);
  });

  test("holds an event until what came of it is done", async () => {
    const { context, holds } = held();
    const { event: ask, sensor, advance } = start({ wait: true }, context);
    await ask(event(0));
    await sensor(reading(0, 1));
    expect(holds.states()).toEqual(["held"]);
    advance();
    expect(holds.states()).toEqual(["held"]);
    holds.finish();
    expect(holds.states()).toEqual(["released"]);
  });

  test("lets the earliest go when there are too many, and counts it", async () => {
    const { event: ask, on, node } = start({ wait: true, max_events: 2 });
    await ask(event(200), event(100), event(300));
    expect(on("out").map(({ ts }) => ts)).toEqual([iso(100)]);
    expect(node.metrics!()).toMatchObject({ events_waiting: 2, events_early_total: 1 });
  });

  test("waits no longer than max_wait for a sensor that never speaks", async () => {
    const { event: ask, on, node, context } = start({ wait: true, max_wait: "2s" });
    await ask(event(0));
    context.clock.advance(1_500);
    await ask(event(100));
    context.clock.advance(499);
    expect(on("out")).toEqual([]);
    context.clock.advance(1);
    expect(on("out").map(({ ts, meta }) => [ts, meta.partial])).toEqual([[iso(0), true]]);
    context.clock.advance(1_500);
    expect(on("out")).toHaveLength(2);
    expect([context.clock.pending, node.metrics!().events_early_total]).toEqual([0, 2]);
  });

  test("goes on after a restore as the one that gave the snapshot", async () => {
    const step = fc.record({ event: fc.boolean(), ms: fc.nat(3_000), id: fc.constantFrom("a", "b", "c") });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 50 }), fc.nat(50), async (steps, cut) => {
        const config = { wait: true, max_events: 5, max_readings: 4, max_sensors: 2, attach: "each", use_stale: "1s" };
        const play = async (node: ReturnType<typeof start>, from: number, to: number) => {
          for (const [at, { event: isEvent, ms, id }] of steps.entries()) {
            if (at < from || at >= to) continue;
            await (isEvent ? node.event(event(ms)) : node.sensor(reading(ms, at, id)));
            node.advance(START_MS + ms - 1_000);
          }
        };
        const [whole, before, after] = [start(config), start(config), start(config)];
        await play(whole, 0, steps.length);
        await play(before, 0, cut);
        after.node.restore!(JSON.parse(JSON.stringify(before.node.snapshot!())));
        await play(after, cut, steps.length);
        for (const node of [whole, after]) node.advance();
        const shown = (all: typeof whole.emitted) =>
          all.map(({ port, packet: { ts, payload, meta } }) => ({ port, ts, payload, meta }));
        expect(shown([...before.emitted, ...after.emitted])).toEqual(shown(whole.emitted));
      }),
      { numRuns: 200 },
    );
  });
});

describe("sensor_fusion with a sensor that is silent, broken or wrong", () => {
  test("passes events without readings, marked as partial", async () => {
    const { event: ask, on } = start({ sensors: ["front"] });
    await ask(event(0));
    expect(on("out").map(({ payload, meta }) => [payload, meta])).toEqual([
      [
        { event_id: "id0", event_type: "FIRE" },
        { partial: true, fusion: { stale: [], missing: ["front"] } },
      ],
    ]);
  });

  test("says which of the expected sensors is stale while the other goes on", async () => {
    const { sensor, event: ask, on } = start({ sensors: ["front", "rear"], attach: "each" });
    await sensor(reading(0, 1, "front"), reading(0, 2, "rear"), reading(5_000, 3, "front"));
    await ask(event(0), event(5_000));
    const [first, second] = on("out");
    expect(first!.meta).toEqual({});
    expect(second!.meta).toEqual({ partial: true, fusion: { stale: ["rear"], missing: [] } });
    expect(second!.payload).toMatchObject({ sensors: { front: { cm: 3 } } });
  });

  test("lets an old reading stand in when asked to, marked as stale; it is a miss", async () => {
    const { sensor, event: ask, on, node } = start({ use_stale: "10s", emit_fused_events: true });
    await sensor(reading(0, 1));
    await ask(event(10_000), event(10_001));
    const [first, second] = on("out");
    expect(first!.payload).toMatchObject({ sensor: { cm: 1, stale: true } });
    expect([first!.meta.partial, second!.payload]).toEqual([true, { event_id: "id10001", event_type: "FIRE" }]);
    expect([on("fused"), node.metrics!().fusion_misses_total]).toEqual([[], 2]);
  });

  test("forgets readings that are far behind the watermark, and keeps one of 2099 from making others go", async () => {
    const { sensor, event: ask, advance, measured, node } = start({ keep: "1s" });
    await sensor(reading(0, 1), packet({ payload: { sensor_id: "front", cm: 9, ts: "2099-01-01T00:00:00Z" } }));
    await sensor(reading(5_000, 2));
    advance(START_MS + 5_000);
    await ask(event(5_000), event(0));
    expect([measured(), node.metrics!().sensor_packets_expired_total]).toEqual([[2, null], 1]);
  });

  test("with a clock that jumps back an hour matches by the times it is given", async () => {
    const { sensor, event: ask, measured } = start();
    await sensor(reading(3_600_000, 1), reading(100, 2), reading(3_600_200, 3));
    await ask(event(3_600_000), event(100), event(3_600_200));
    expect(measured()).toEqual([1, 2, 3]);
  });

  test("takes 1970 for a time as any other", async () => {
    const { sensor, event: ask, measured } = start();
    await sensor(reading(-START_MS, 1));
    await ask(event(-START_MS));
    expect(measured()).toEqual([1]);
  });

  test("keeps max_sensors when ids come without end: the one silent longest is forgotten", async () => {
    const { sensor, event: ask, node, measured } = start({ max_sensors: 2, max_readings: 1_000 });
    await sensor(reading(0, "a", "a"), reading(0, "b", "b"), reading(1_000, "a2", "a"));
    for (let at = 0; at < 500; at++) await sensor(reading(2_000 + at, at, `made up ${at}`), reading(1_000, "a3", "a"));
    await ask(event(0));
    expect([measured(), node.metrics!().sensors, node.metrics!().sensors_forgotten_total]).toEqual([["a"], 2, 500]);
  });

  test.each([
    ["max_wait without wait", { max_wait: "1s" }],
    ["keep shorter than the window", { window: "2m", keep: "1m" }],
    ["keep shorter than use_stale", { use_stale: "2m", keep: "1m" }],
  ])("the check finds %s", (_, config) => {
    expect(sensorFusion.check(v.parse(sensorFusion.config, config))).toHaveLength(1);
  });
});
