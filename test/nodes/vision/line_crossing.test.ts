import { expect, test } from "bun:test";
import fc from "fast-check";
import * as v from "valibot";
import { lineCrossing } from "../../../src/nodes/vision/line_crossing.ts";
import { startNode } from "../../support/node.ts";
import { shot } from "./scene.ts";
import { feet, keysOf, type Said, saved, watch } from "./watch.ts";

/** Upward at x = 300, so that right is in. */
const DOOR = { line_id: "door", from: [300, 600], to: [300, 0] };

/** Somebody whose feet are at these places, one each tenth of a second. */
const walk = (xs: readonly number[], y = 300, track = 1) => xs.map((x, at) => [at / 10, [feet(track, x, y)]] as const);

const said = (events: readonly Said[]) =>
  events.map(({ track_id, line: { line_id, direction } }) => `${track_id} ${line_id} ${direction}`);

const crossings = async (xs: readonly number[], config: object = {}) =>
  said((await watch(lineCrossing, { lines: [DOOR], ...config }, walk(xs))).events).map((text) => text.split(" ")[2]!);

test("line_crossing tells in from out", async () => {
  expect(await crossings([200, 400, 200])).toEqual(["in", "out"]);
  expect(await crossings([200, 400, 200], { lines: [{ ...DOOR, in: "left" }] })).toEqual(["out", "in"]);
});

test("line_crossing does not count who sways on the line, and counts who goes on", async () => {
  // Clear is more than 5 pixels here: 0.05 of a height of 100.
  expect(await crossings([200, 299, 302, 298, 304, 297, 303, 305])).toEqual([]);
  expect(await crossings([200, 299, 302, 298, 304, 306])).toEqual(["in"]);
  expect(await crossings([200, 304, 296, 304, 200])).toEqual([]);
});

test("line_crossing without hysteresis counts every change of side", async () => {
  expect(await crossings([200, 302, 298, 302], { hysteresis: 0 })).toEqual(["in", "out", "in"]);
});

test("line_crossing counts between the ends of the line only", async () => {
  const lines = [{ line_id: "short", from: [300, 350], to: [300, 250] }];
  const at = async (y: number) => said((await watch(lineCrossing, { lines }, walk([200, 400], y))).events).length;
  expect([await at(249), await at(250), await at(300), await at(350), await at(351)]).toEqual([0, 1, 1, 1, 0]);
});

test("line_crossing looks at the feet, or at the middle", async () => {
  const lines = [{ line_id: "sill", from: [0, 300], to: [600, 300] }];
  const down = [
    [0, [feet(1, 100, 290)]],
    [1, [feet(1, 100, 330)]],
    [2, [feet(1, 100, 390)]],
  ] as const;
  const seconds = async (anchor: string) =>
    (await watch(lineCrossing, { lines, anchor }, down)).events.map(({ ts }) => ts);
  expect(await seconds("bottom_center")).toEqual(["2026-01-01T00:00:01.000Z"]);
  expect(await seconds("center")).toEqual(["2026-01-01T00:00:02.000Z"]);
});

test("line_crossing counts by line and class, and says the counts so far", async () => {
  const lines = [DOOR, { line_id: "gate", from: [500, 600], to: [500, 0] }];
  const { events, node } = await watch(lineCrossing, { lines }, [
    [0, [feet(1, 200, 300), feet(2, 600, 300, "traffic light")]],
    [1, [feet(1, 400, 300), feet(2, 200, 300, "traffic light")]],
  ]);
  expect(said(events)).toEqual(["1 door in", "2 door out", "2 gate out"]);
  expect(events[1]!.line as object).toEqual({
    line_id: "door",
    direction: "out",
    in: 1,
    out: 1,
    classes: { PERSON: { in: 1, out: 0 }, TRAFFIC_LIGHT: { in: 0, out: 1 } },
  });
  expect(node.metrics!()).toMatchObject({ in_total: 1, out_total: 2, tracks: 2 });
});

test("line_crossing gives each crossing a key of its own that follows from the facts", async () => {
  const lines = [DOOR, { line_id: "gate", from: [400, 600], to: [400, 0] }];
  const shots = [
    [0, [feet(1, 200, 300)]],
    [1, [feet(1, 500, 300)]],
  ] as const;
  const [once, again] = [await watch(lineCrossing, { lines }, shots), await watch(lineCrossing, { lines }, shots)];
  expect(keysOf(once.on("out"))).toEqual([
    "event:S000:cam01:LINE_CROSSED:PERSON:1:2026-01-01T00:00:01.000Z:480:200:520:300:door:in",
    "event:S000:cam01:LINE_CROSSED:PERSON:1:2026-01-01T00:00:01.000Z:480:200:520:300:gate:in",
  ]);
  expect(once.events).toEqual(again.events);
  expect(new Set(once.events.map(({ event_id }) => event_id)).size).toBe(2);
});

test("line_crossing takes lines in parts of the picture", async () => {
  const lines = [{ line_id: "middle", from: [0.5, 1], to: [0.5, 0] }];
  const xs = async (from: number, to: number) =>
    (await watch(lineCrossing, { lines, units: "fraction" }, walk([from, to]))).events.length;
  // The picture of the scene is 1280 wide.
  expect([await xs(600, 680), await xs(500, 600)]).toEqual([1, 0]);
  const { process } = startNode(lineCrossing, { lines, units: "fraction" });
  await expect(process({ ...shot(0, []), payload: [feet(1, 1, 1)] })).rejects.toThrow(
    "units: fraction needs the picture's size in payload.width and payload.height, got a list",
  );
});

test("line_crossing watches the classes it is told to", async () => {
  const config = { lines: [DOOR], classes: ["dog"] };
  const { events } = await watch(lineCrossing, config, [
    [0, [feet(1, 200, 300), feet(2, 200, 300, "dog")]],
    [1, [feet(1, 400, 300), feet(2, 400, 300, "dog")]],
  ]);
  expect(said(events)).toEqual(["2 door in"]);
});

test("line_crossing forgets a track after lost_sec, so an id used again is somebody else", async () => {
  const at = async (second: number) => {
    const shots = [
      [0, [feet(1, 200, 300)]],
      [second, [feet(1, 400, 300)]],
    ] as const;
    return (await watch(lineCrossing, { lines: [DOOR], lost_sec: 5 }, shots)).events.length;
  };
  expect([await at(5), await at(5.1)]).toEqual([1, 0]);
});

test("line_crossing says once that there is no tracker, and counts what it passes over", async () => {
  const { node, context, events } = await watch(lineCrossing, { lines: [DOOR] }, [
    [0, [feet(undefined, 200, 300)]],
    [1, [feet(null, 400, 300)]],
  ]);
  expect(events).toEqual([]);
  expect(node.metrics!()).toMatchObject({ untracked_total: 2 });
  expect(context.logged.map(({ message }) => message)).toEqual([
    "passing over detections without track_id: put a tracker before this node",
  ]);
});

test("line_crossing passes over a packet that is older than the last one", async () => {
  const { node, events } = await watch(lineCrossing, { lines: [DOOR] }, [
    [1, [feet(1, 200, 300)]],
    [0.5, [feet(1, 400, 300)]],
    [2, [feet(1, 200, 300)]],
  ]);
  expect(events).toEqual([]);
  expect(node.metrics!()).toMatchObject({ late_total: 1 });
});

test("line_crossing goes on counting after a restart", async () => {
  const first = await watch(lineCrossing, { lines: [DOOR] }, walk([200, 400]));
  const second = startNode(lineCrossing, { lines: [DOOR] });
  second.node.restore!(saved(first.node));
  await second.process(shot(1, [feet(1, 200, 300)]));
  expect(second.on("out").map(({ payload }) => (payload as Record<string, object>).line)).toMatchObject([
    { direction: "out", in: 1, out: 1 },
  ]);
});

test("line_crossing remembers max_tracks, and counts who is forgotten", async () => {
  const crowd = [1, 2, 3].map((track) => feet(track, 200, 300));
  const { events, node } = await watch(lineCrossing, { lines: [DOOR], max_tracks: 2 }, [
    [0, crowd],
    [1, crowd.map(({ track_id }) => feet(track_id, 400, 300)).reverse()],
  ]);
  expect(said(events)).toEqual(["3 door in", "2 door in"]);
  expect(node.metrics!()).toMatchObject({ tracks: 2, tracks_forgotten_total: 2 });
});

test("line_crossing counts in minus out as people who are inside, however they sway", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 200, max: 400 }), { minLength: 1, maxLength: 60 }), async (xs) => {
      const ways = await crossings(xs);
      const clear = xs.filter((x) => Math.abs(x - 300) > 5).map((x) => x > 300);
      const inside = ways.filter((way) => way === "in").length - ways.filter((way) => way === "out").length;
      expect(inside).toBe(Number(clear.at(-1) ?? false) - Number(clear[0] ?? false));
    }),
    { numRuns: 100 },
  );
});

test.each([
  ["two ends that are one", [{ ...DOOR, to: DOOR.from }], "a line needs two different ends"],
  ["a name twice", [DOOR, DOOR], '"door" is the name of another line'],
])("line_crossing refuses %s", (_name, lines, message) => {
  const parsed = v.parse(lineCrossing.config, { lines });
  expect(lineCrossing.check(parsed).map((issue) => issue.message)).toEqual([message]);
});

test("line_crossing refuses pixels where parts of the picture are asked for", () => {
  const parsed = v.parse(lineCrossing.config, { lines: [DOOR], units: "fraction" });
  expect(lineCrossing.check(parsed)).toMatchObject([{ path: ["lines", 0] }]);
});

test.each(["constructor", "__proto__", "toString"])("line_crossing counts at a line with the name %s", async (id) => {
  const { events } = await watch(lineCrossing, { lines: [{ ...DOOR, line_id: id }] }, walk([200, 400, 200]));
  expect(events.map(({ line }) => line)).toMatchObject([
    { line_id: id, in: 1, out: 0, classes: { PERSON: { in: 1, out: 0 } } },
    { line_id: id, in: 1, out: 1 },
  ]);
  expect({}).not.toHaveProperty("PERSON");
});
