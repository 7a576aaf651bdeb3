import { expect, test } from "bun:test";
import type { NodeDefinition } from "../../../src/node/index.ts";
import { dedupPolicy } from "../../../src/nodes/vision/dedup_policy.ts";
import { eventV02 } from "../../../src/nodes/vision/event_v02.ts";
import { mockDetector } from "../../../src/nodes/vision/mock_detector.ts";
import { zonePolicy } from "../../../src/nodes/vision/zone_policy.ts";
import type { StreamPacket } from "../../../src/packet/index.ts";
import { packet, startNode } from "../../support/node.ts";

const POLYGON = [
  [0, 0],
  [10, 0],
  [10, 10],
  [0, 10],
];

const CHAIN: readonly [NodeDefinition, Record<string, unknown>][] = [
  [mockDetector, { bbox: { x1: 2, y1: 2, x2: 4, y2: 4 } }],
  [eventV02, { site_id: "S001" }],
  [zonePolicy, { zones: [{ zone_id: "Z1", polygon: POLYGON }] }],
  [dedupPolicy, {}],
];

test("detector, event, zone and dedup give the events and ids of the predecessor's default graph", async () => {
  let packets: StreamPacket[] = [0, 1, 2].map((frame_idx) =>
    packet({ kind: "frame", source_id: "cam01", ts: `2026-02-14T00:00:0${frame_idx}Z`, payload: { frame_idx } }),
  );
  for (const [definition, config] of CHAIN) {
    const { process, on } = startNode(definition, config);
    for (const item of packets) await process(item);
    packets = on("out");
  }
  const ids = [
    "479498e4-8f22-50d8-8fbf-3a619dd16c04",
    "c544b5ff-b5e3-50c1-ac97-560dfd8b1156",
    "00a97391-9caf-5a68-b65d-ee5c04a4615d",
  ];
  expect(packets.map(({ payload }) => payload)).toMatchObject(
    ids.map((event_id, track_id) => ({
      event_id,
      event_type: "ZONE_INTRUSION",
      object_type: "PERSON",
      severity: "LOW",
      track_id,
      bbox: { x1: 2, y1: 2, x2: 4, y2: 4 },
      confidence: 0.75,
      zone: { zone_id: "Z1", inside: true },
    })),
  );
});
