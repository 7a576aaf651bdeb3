import { expect, test } from "bun:test";
import { count } from "../../../src/nodes/vision/count.ts";
import { zoneDwell } from "../../../src/nodes/vision/zone_dwell.ts";
import { startNode } from "../../support/node.ts";
import { shot } from "./scene.ts";
import { square } from "./watch.ts";

/** Warnings of a node with a zone from 300 to `to`, that gets pictures of these sizes, or of none. */
async function warnings(node: typeof zoneDwell | typeof count, to: number, sizes: (object | undefined)[], more = {}) {
  const started = startNode(node, { zones: [square("yard", 0, 10), square("door", 300, to)], ...more });
  for (const [second, size] of sizes.entries()) {
    const packet = shot(second, []);
    await started.process({ ...packet, payload: { detections: [], ...size } });
  }
  return started.context.logged.filter(({ level }) => level === "warn");
}

const VGA = { width: 640, height: 480 };
const HD = { width: 1920, height: 1080 };

test.each([
  ["zone_dwell", zoneDwell],
  ["count", count],
] as const)("%s says once that a zone was drawn on a larger picture", async (_name, node) => {
  // Seen with a camera that was told `width: 640`, and zones in the pixels of its main stream.
  expect(await warnings(node, 1_000, [VGA, VGA, HD, VGA])).toEqual([
    {
      level: "warn",
      message: expect.stringContaining("zones reach far beyond the picture"),
      fields: { zones: "door", picture: "640x480" },
    },
  ]);
  expect(await warnings(node, 1_000, [HD])).toEqual([]);
  expect(await warnings(node, 700, [VGA])).toEqual([]);
  expect(await warnings(node, 1_000, [undefined])).toEqual([]);
});

test("zones in parts of the picture fit every size", async () => {
  expect(await warnings(zoneDwell, 1_000, [VGA], { units: "fraction" })).toEqual([]);
});
