import { expect, test } from "bun:test";
import { Engine } from "../../../src/engine/index.ts";
import { compileGraph } from "../../../src/graph/index.ts";
import { createRegistry } from "../../../src/registry/index.ts";
import { toEnd, virtualHost } from "../../support/engine.ts";
import { timeAt } from "./scene.ts";

/** A detection as the predecessor's YOLO node writes it: whole pixels, number and name of the class, no track. */
const yolo = (class_id: number, class_name: string, x1: number, y2: number, confidence = 0.8) => ({
  bbox: { x1, y1: y2 - 100, x2: x1 + 40, y2 },
  confidence,
  class_id,
  class_name,
});

/** Frames of kind `frame` with detections in them, ten a second. */
const camera = (frames: readonly (readonly object[])[]) => ({
  id: "camera",
  plugin: "static_source",
  config: {
    packets: frames.map((detections, frame_idx) => ({
      kind: "frame",
      source_id: "cam01",
      ts: timeAt(frame_idx / 10),
      meta: { idempotency_key: `frame:cam01:${frame_idx}`, detection_count: detections.length, model: "yolov8n.onnx" },
      payload: { frame_idx, width: 1280, height: 720, detections },
    })),
  },
});

interface Stage {
  id: string;
  plugin: string;
  config?: object;
}

/** Runs the stages one behind the other, and gives what the last one printed. */
async function runChain(stages: readonly Stage[]) {
  const nodes = [...stages, { id: "show", plugin: "print_sink", config: { format: "payload" } }];
  const edges = nodes.slice(1).map(({ id }, at) => ({ from: nodes[at]!.id, to: id }));
  const source = { text: JSON.stringify({ version: 2, nodes, edges }), path: "chain.json", baseDir: "/nonexistent" };
  const { plan, diagnostics } = await compileGraph(source, { catalogue: createRegistry({ env: {} }) });
  if (plan === undefined) throw new Error(JSON.stringify(diagnostics, null, 1));
  const host = virtualHost();
  const ended = await toEnd(new Engine(plan, host).run(), host);
  expect([ended.status, host.letters]).toEqual(["ok", []]);
  const events = host.written
    .join("")
    .split("\n")
    .filter((line) => line !== "");
  return { events: events.map((line) => JSON.parse(line)), ended };
}

const TRACKED: readonly Stage[] = [
  { id: "track", plugin: "tracker", config: { lost_sec: 1 } },
  { id: "mean", plugin: "detection_to_event" },
  { id: "event", plugin: "event_v02", config: { site_id: "S001" } },
];

/** Two people and a dog go to the right for two seconds; the list is never in the same order for long. */
const WALK = Array.from({ length: 20 }, (_, at) => {
  const seen = [yolo(0, "person", 20 + 10 * at, 200), yolo(0, "person", 500 + 10 * at, 500), yolo(16, "dog", 800, 700)];
  return at % 2 === 0 ? seen : seen.reverse();
});

test("a detector's boxes become one event per person by way of tracker, class map, event builder, zones and dedup", async () => {
  const { events, ended } = await runChain([
    camera(WALK),
    ...TRACKED,
    {
      id: "zones",
      plugin: "zone_policy",
      config: {
        zones: [
          {
            zone_id: "Z1",
            polygon: [
              [120, 100],
              [700, 100],
              [700, 300],
              [120, 300],
            ],
          },
        ],
      },
    },
    { id: "inside", plugin: "filter", config: { when: "payload.zone.inside" } },
    { id: "first", plugin: "dedup_policy", config: { cooldown_sec: 10 } },
  ]);
  // Only the first person's feet come into the zone, when the middle of the box passes x = 120.
  expect(events).toHaveLength(1);
  expect(events[0]).toMatchObject({
    ts: timeAt(0.8),
    site_id: "S001",
    camera_id: "cam01",
    event_type: "ZONE_INTRUSION",
    object_type: "PERSON",
    severity: "LOW",
    bbox: { x1: 100, y1: 100, x2: 140, y2: 200 },
    confidence: 0.8,
    zone: { zone_id: "Z1", inside: true },
  });
  expect([0, 1]).toContain(events[0].track_id);
  const own = Object.fromEntries(ended.nodes.map(({ id, own }) => [id, own]));
  expect(own.mean).toMatchObject({ mapped_total: 38, unmapped_total: 19 });
  expect(own.event).toMatchObject({ emitted_total: 38, skipped_total: 0 });
});

test("the predecessor's event builder takes what detection_to_event gives it, under its own address", async () => {
  const address = "schnitzel_stream.packs.vision.nodes:ProtocolV02EventBuilderNode";
  const { events } = await runChain([
    camera([WALK[0]!]),
    { id: "mean", plugin: "detection_to_event", config: { untracked: "fresh" } },
    { id: "event", plugin: address, config: { site_id: "S001" } },
  ]);
  expect(events.map(({ track_id, object_type }) => [track_id, object_type])).toEqual([
    [0, "PERSON"],
    [1, "PERSON"],
  ]);
});

test("a detector's boxes reach the event builder with the predecessor's tracker too, ids in the order of the list", async () => {
  const { events } = await runChain([
    camera(WALK),
    { ...TRACKED[0]!, config: { method: "iou" } },
    ...TRACKED.slice(1),
    { id: "first", plugin: "dedup_policy" },
  ]);
  expect(events.map(({ track_id, bbox }) => [track_id, bbox.x1])).toEqual([
    [0, 20],
    [1, 500],
  ]);
});

test("events of line_crossing and zone_dwell pass zones, dedup and a filter like any other", async () => {
  const square = [
    [100, 100],
    [900, 100],
    [900, 600],
    [100, 600],
  ];
  const after = [
    { id: "zones", plugin: "zone_policy", config: { zones: [{ zone_id: "Z1", polygon: square }] } },
    { id: "first", plugin: "dedup_policy" },
    { id: "sure", plugin: "filter", config: { when: 'payload.severity == "HIGH" && payload.zone.inside' } },
  ];
  const lines = [{ line_id: "gate", from: [600, 720], to: [600, 0] }];
  const crossing = { id: "gate", plugin: "line_crossing", config: { lines, severity: "HIGH" } };
  const crossed = await runChain([camera(WALK), TRACKED[0]!, crossing, ...after]);
  expect(crossed.events).toMatchObject([
    { event_type: "LINE_CROSSED", line: { direction: "in" }, zone: { zone_id: "Z1" } },
  ]);
  const dwell = { dwell_sec: [1], severity: "HIGH", emit: ["dwell"], zones: [{ zone_id: "yard", polygon: square }] };
  const dwelt = await runChain([
    camera(WALK),
    TRACKED[0]!,
    { id: "yard", plugin: "zone_dwell", config: dwell },
    ...after,
  ]);
  expect(dwelt.events).toMatchObject([
    { event_type: "ZONE_DWELL", track_id: 1, dwell: { threshold_sec: 1, sec: 1 }, zone: { zone_id: "Z1" } },
    { event_type: "ZONE_DWELL", track_id: 0, dwell: { threshold_sec: 1, sec: 1 } },
  ]);
});
