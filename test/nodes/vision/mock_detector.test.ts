import { expect, test } from "bun:test";
import * as v from "valibot";
import { mockDetector } from "../../../src/nodes/vision/mock_detector.ts";
import { WholeFloat } from "../../../src/packet/index.ts";
import { packet, startNode } from "../../support/node.ts";

const frame = (frame_idx: number) =>
  packet({ kind: "frame", source_id: "cam01", ts: "t", payload: { frame_idx }, meta: { epoch: 1 } });

test("mock_detector makes a new packet with the frame's time, source and meta", async () => {
  const { process, on } = startNode(mockDetector);
  const original = frame(5);
  await process(original);
  const [detection] = on("out");
  expect(detection).toMatchObject({ kind: "detection", source_id: "cam01", ts: "t", meta: { epoch: 1 } });
  expect(detection!.packet_id).not.toBe(original.packet_id);
  expect(detection!.payload).toEqual({
    bbox: { x1: 10, y1: 20, x2: 200, y2: 260 },
    confidence: 0.75,
    event_type: "ZONE_INTRUSION",
    object_type: "PERSON",
    severity: "LOW",
    track_id: 5,
  });
});

test("mock_detector looks at every n-th frame number", async () => {
  const { process, on, node } = startNode(mockDetector, { emit_every_n: 2, track_id: 7 });
  for (const index of [0, 1, 2, 3]) await process(frame(index));
  expect(on("out").map(({ payload }) => (payload as { track_id: number }).track_id)).toEqual([7, 7]);
  expect(node.metrics!()).toEqual({ emitted_total: 2 });
});

test("mock_detector keeps a box written in floats a box of floats", async () => {
  const bbox = { x1: new WholeFloat(1), y1: new WholeFloat(2), x2: 3.5, y2: 4 };
  const { process, on } = startNode(mockDetector, { bbox, bbox_dx: 2 });
  await process(frame(3));
  expect((on("out")[0]!.payload as { bbox: unknown }).bbox).toEqual({
    x1: new WholeFloat(7),
    y1: new WholeFloat(2),
    x2: 9.5,
    y2: 4,
  });
});

test.each([
  { confidence: 1.5 },
  { track_id: "frame" },
  { bbox: { x1: 1 } },
  { bbox: { x1: "1", y1: 2, x2: 3, y2: 4 } },
])("mock_detector refuses the config %j", (config) => {
  expect(v.safeParse(mockDetector.config, config).success).toBe(false);
});
