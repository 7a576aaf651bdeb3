import { expect, test } from "bun:test";
import * as v from "valibot";
import { count } from "../../../src/nodes/vision/count.ts";
import { lineCrossing } from "../../../src/nodes/vision/line_crossing.ts";
import { liveView } from "../../../src/nodes/vision/live_view.ts";
import { overlay } from "../../../src/nodes/vision/overlay.ts";
import { zoneDwell } from "../../../src/nodes/vision/zone_dwell.ts";
import { zonePolicy } from "../../../src/nodes/vision/zone_policy.ts";

const yard = (right: number, low: number) => [
  {
    zone_id: "yard",
    polygon: [[0, 0], { x: right, y: 0 }, [right, low]],
  },
];
const ZONE = ["zones", 0, "polygon"];

// Seen before: each of these validated, ran for ever and never said anything.
const watching = { zone_dwell: zoneDwell, count };

test.each(Object.entries(watching))("%s warns of a zone in the other unit", (_name, node) => {
  const issues = (config: object) => node.check(v.parse(node.config, config));
  expect(issues({ zones: yard(1, 0.9) })).toMatchObject([
    { path: ZONE, severity: "warning", hint: expect.stringContaining("units: fraction") },
  ]);
  expect(issues({ zones: yard(768, 576), units: "fraction" })).toMatchObject([{ path: ZONE, severity: "warning" }]);
  expect(issues({ zones: yard(1.2, 1), units: "fraction" })).toEqual([]);
  expect(issues({ zones: yard(2, 1) })).toEqual([]);
});

const PIXELS_ONLY = { zone_policy: zonePolicy, overlay };

test.each(Object.entries(PIXELS_ONLY))("%s, which knows pixels only, does not advise another unit", (_name, node) => {
  const issues = (config: object) => node.check(v.parse(node.config, config));
  expect(issues({ zones: yard(1, 0.9) })).toMatchObject([
    { path: ZONE, severity: "warning", hint: "write pixels of the frames" },
  ]);
  expect(issues({ zones: yard(768, 576) })).toEqual([]);
});

test("live_view warns of what it would draw into one pixel", () => {
  const [issue] = liveView.check(v.parse(liveView.config, { draw: { zones: yard(1, 1) } }));
  expect(issue).toMatchObject({ path: ["draw", ...ZONE], severity: "warning" });
});

test("line_crossing warns of a line of one pixel", () => {
  const issues = (config: object) => lineCrossing.check(v.parse(lineCrossing.config, config));
  const line = { line_id: "door", from: [0.2, 0.9], to: [0.8, 0.9] };
  expect(issues({ lines: [line] })).toMatchObject([{ path: ["lines", 0], severity: "warning" }]);
  expect(issues({ lines: [line], units: "fraction" })).toEqual([]);
});

test("a zone that is wrong is told by its fault alone", () => {
  const issues = overlay.check(v.parse(overlay.config, { zones: [{ zone_id: "yard", polygon: [[0, 0]] }] }));
  expect(issues.map(({ severity }) => severity)).toEqual([undefined]);
});
