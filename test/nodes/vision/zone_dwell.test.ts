import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { zoneDwell } from "../../../src/nodes/vision/zone_dwell.ts";
import { startNode, testContext } from "../../support/node.ts";
import { shot } from "./scene.ts";
import { feet, keysOf, type Said, saved, square, watch } from "./watch.ts";

const YARD = { zones: [square("yard", 100, 300)], settle_sec: 0, dwell_sec: [2, 5], lost_sec: 3 };

const said = (events: readonly Said[]) =>
  events.map(
    ({ ts, event_type, track_id, zone }) =>
      `${(new Date(ts).getTime() - Date.UTC(2026, 0, 1)) / 1_000} ${event_type} ${track_id} ${zone.zone_id}`,
  );

/** In the yard while the text has an x, elsewhere while it has an o, not seen at a dot; one letter a second. */
const path = (text: string) =>
  [...text].map(
    (letter, second) => [second, letter === "." ? [] : [feet(1, letter === "x" ? 200 : 600, 200)]] as const,
  );

const story = async (text: string, config: object = {}) =>
  said((await watch(zoneDwell, { ...YARD, ...config }, path(text))).events);

test("zone_dwell says entry, dwell times and exit", async () => {
  expect(await story("oxxxxxxxo")).toEqual([
    "1 ZONE_ENTERED 1 yard",
    "3 ZONE_DWELL 1 yard",
    "6 ZONE_DWELL 1 yard",
    "8 ZONE_LEFT 1 yard",
  ]);
});

test("zone_dwell says each dwell time once, also when many passed at once", async () => {
  const { events } = await watch(zoneDwell, { ...YARD, lost_sec: 60 }, [
    [0, [feet(1, 200, 200)]],
    [30, [feet(1, 200, 200)]],
  ]);
  expect(said(events)).toEqual(["0 ZONE_ENTERED 1 yard", "30 ZONE_DWELL 1 yard", "30 ZONE_DWELL 1 yard"]);
  expect(events.slice(1).map(({ dwell }) => dwell)).toMatchObject([{ threshold_sec: 2 }, { threshold_sec: 5 }]);
  expect(new Set(events.map(({ event_id }) => event_id)).size).toBe(3);
});

test("zone_dwell counts from the first sighting inside, and starts again after an exit", async () => {
  expect(await story("xxoxxx")).toEqual([
    "0 ZONE_ENTERED 1 yard",
    "2 ZONE_LEFT 1 yard",
    "3 ZONE_ENTERED 1 yard",
    "5 ZONE_DWELL 1 yard",
  ]);
});

test("zone_dwell does not say what lasted less than settle_sec", async () => {
  expect(await story("oxoxo", { settle_sec: 1.5 })).toEqual([]);
  expect(await story("oxxxoxxxo", { settle_sec: 1.5, dwell_sec: [5] })).toEqual([
    "3 ZONE_ENTERED 1 yard",
    "6 ZONE_DWELL 1 yard",
  ]);
  expect(await story("xxxooo", { settle_sec: 1.5, dwell_sec: [] })).toEqual([
    "2 ZONE_ENTERED 1 yard",
    "4 ZONE_LEFT 1 yard",
  ]);
});

test("zone_dwell keeps the stay of an object that is out of sight for less than lost_sec", async () => {
  expect(await story("x..x", { dwell_sec: [3] })).toEqual(["0 ZONE_ENTERED 1 yard", "3 ZONE_DWELL 1 yard"]);
});

test("zone_dwell says that a lost object has left, with the time it was really there", async () => {
  const { events } = await watch(zoneDwell, { ...YARD, dwell_sec: [] }, path("xxx....."));
  expect(said(events)).toEqual(["0 ZONE_ENTERED 1 yard", "6 ZONE_LEFT 1 yard"]);
  expect(events[1]).toMatchObject({
    zone: { zone_id: "yard", inside: false },
    dwell: { sec: 2, lost: true, since_ts: "2026-01-01T00:00:00.000Z" },
    bbox: { x1: 180, y1: 100, x2: 220, y2: 200 },
  });
});

test("zone_dwell ends all stays when a recording starts again", async () => {
  const { events } = await watch(zoneDwell, { ...YARD, dwell_sec: [] }, [
    [60, [feet(1, 200, 200)]],
    [0, [feet(2, 200, 200)]],
  ]);
  expect(said(events)).toEqual(["60 ZONE_ENTERED 1 yard", "0 ZONE_LEFT 1 yard", "0 ZONE_ENTERED 2 yard"]);
});

test("zone_dwell knows all zones that hold an object", async () => {
  const zones = [square("big", 0, 500), square("small", 100, 300), square("off", 0, 500, { enabled: false })];
  expect(await story("x", { zones })).toEqual(["0 ZONE_ENTERED 1 big", "0 ZONE_ENTERED 1 small"]);
});

test("zone_dwell says what it is told to say, by the names it is told", async () => {
  const config = { emit: ["enter"], event_types: { enter: "ZONE_INTRUSION" } };
  const { events, node } = await watch(zoneDwell, { ...YARD, ...config }, path("xxxxo"));
  expect(said(events)).toEqual(["0 ZONE_INTRUSION 1 yard"]);
  expect(node.metrics!()).toMatchObject({ entered_total: 1, dwelt_total: 0, left_total: 0, zones: 1, tracks: 1 });
});

test("zone_dwell takes zones in parts of the picture", async () => {
  const zones = [
    {
      zone_id: "left",
      polygon: [
        [0, 0],
        [0.5, 0],
        [0.5, 1],
        [0, 1],
      ],
    },
  ];
  const { events } = await watch(zoneDwell, { ...YARD, zones, units: "fraction" }, [
    [0, [feet(1, 630, 700), feet(2, 650, 700)]],
  ]);
  expect(said(events)).toEqual(["0 ZONE_ENTERED 1 left"]);
});

test("zone_dwell takes zones from a file, and takes one that was taken out of it for left", async () => {
  const base = mkdtempSync(join(tmpdir(), "zones-"));
  try {
    const write = (zones: object[]) => writeFileSync(join(base, "zones.json"), JSON.stringify(zones));
    write([square("yard", 100, 300)]);
    const context = testContext({ base });
    const { zones: _, ...rest } = YARD;
    const { process, on } = startNode(zoneDwell, { ...rest, zone_file: "zones.json", zone_file_ttl_sec: 10 }, context);
    await process(shot(0, [feet(1, 200, 200)]));
    write([]);
    context.clock.advance(10_000);
    await process(shot(1, [feet(1, 200, 200)]));
    expect(said(on("out").map(({ payload }) => payload as Said))).toEqual([
      "0 ZONE_ENTERED 1 yard",
      "1 ZONE_LEFT 1 yard",
    ]);
  } finally {
    rmSync(base, { recursive: true });
  }
});

test("zone_dwell goes on after a restart with the stays it knew", async () => {
  const first = await watch(zoneDwell, YARD, path("xx"));
  const second = startNode(zoneDwell, YARD);
  second.node.restore!(saved(first.node));
  await second.process(shot(2, [feet(1, 200, 200)]));
  expect(said(second.on("out").map(({ payload }) => payload as Said))).toEqual(["2 ZONE_DWELL 1 yard"]);
});

test("zone_dwell gives events keys that follow from the facts", async () => {
  const { on } = await watch(zoneDwell, YARD, path("xxx"));
  expect(keysOf(on("out"))).toEqual([
    "event:S000:cam01:ZONE_ENTERED:PERSON:1:2026-01-01T00:00:00.000Z:180:100:220:200:yard:enter",
    "event:S000:cam01:ZONE_DWELL:PERSON:1:2026-01-01T00:00:02.000Z:180:100:220:200:yard:dwell:2",
  ]);
});

test.each([
  [{}, "zones are missing"],
  [{ zones: [], zone_file: "a.yaml" }, "zones and zone_file exclude each other"],
  [{ zones: [{ zone_id: "a", polygon: [[0, 0]] }] }, "a polygon needs at least three points"],
  [{ zones: [square("a", 0, 100)], dwell_sec: [5, 2] }, "times must rise"],
])("zone_dwell refuses %j", (config, message) => {
  expect(zoneDwell.check(v.parse(zoneDwell.config, config)).map((issue) => issue.message)).toEqual([message]);
});

test("zone_dwell does not say that somebody left because the input ended", async () => {
  const { events, node, on } = await watch(zoneDwell, YARD, path("xxx"));
  await node.close?.();
  expect(said(events)).toEqual(["0 ZONE_ENTERED 1 yard", "2 ZONE_DWELL 1 yard"]);
  expect(on("out")).toHaveLength(2);
  // A run that goes on from there tells the exit when it is one.
  const later = startNode(zoneDwell, YARD);
  later.node.restore!(saved(node));
  await later.process(shot(3, [feet(1, 600, 200)]));
  expect(said(later.on("out").map(({ payload }) => payload as Said))).toEqual(["3 ZONE_LEFT 1 yard"]);
});

test.each(["constructor", "__proto__", "toString"])("zone_dwell watches a zone with the name %s", async (id) => {
  const zones = [square(id, 100, 300)];
  const { events } = await watch(zoneDwell, { ...YARD, zones }, path("xxxo"));
  expect(said(events)).toEqual([`0 ZONE_ENTERED 1 ${id}`, `2 ZONE_DWELL 1 ${id}`, `3 ZONE_LEFT 1 ${id}`]);
});
