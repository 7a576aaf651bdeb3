import { expect, test } from "bun:test";
import { eventV02 } from "../../../src/nodes/vision/event_v02.ts";
import { pythonJson, WholeFloat } from "../../../src/packet/index.ts";
import { packet, startNode } from "../../support/node.ts";
import { EVENT_VECTORS } from "./event_vectors.ts";

const [first] = EVENT_VECTORS;
const detection = first!.detection;

async function eventsOf(payload: unknown, config: Record<string, unknown> = { site_id: "S001" }) {
  const started = startNode(eventV02, config);
  await started.process(packet({ kind: "detection", source_id: "cam01", ts: "2026-02-14T00:00:00Z", payload }));
  return started;
}

test.each(EVENT_VECTORS)(
  "event_v02 gives the predecessor's key and id: $key",
  async ({ config, source_id, ts, detection, key, id }) => {
    const { process, on } = startNode(eventV02, config);
    await process(packet({ kind: "detection", source_id, ts, payload: detection }));
    expect(on("out")).toMatchObject([{ meta: { idempotency_key: key }, payload: { event_id: id } }]);
  },
);

test("event_v02 writes the fields in the protocol's order", async () => {
  const { on } = await eventsOf(detection);
  expect(Object.keys(on("out")[0]!.payload as object).join(" ")).toBe(
    "event_id ts site_id camera_id event_type object_type severity track_id bbox confidence zone snapshot_path sensor",
  );
});

test("event_v02 makes a new packet of the camera, with the old one's id and meta", async () => {
  const { process, on } = startNode(eventV02, { site_id: "S001", camera_id: "gate-1" });
  await process(packet({ kind: "detection", packet_id: "p1", payload: detection, meta: { frame_idx: 3 } }));
  expect(on("out")[0]).toMatchObject({
    kind: "event",
    source_id: "gate-1",
    meta: { frame_idx: 3, source_packet_id: "p1" },
  });
  expect(on("out")[0]!.packet_id).not.toBe("p1");
});

test("event_v02 takes snapshot path and sensor from the detection", async () => {
  const { on } = await eventsOf({ ...detection, snapshot_path: "a.jpg", sensor: { cm: 4 } });
  expect(on("out")[0]!.payload).toMatchObject({ snapshot_path: "a.jpg", sensor: { cm: 4 } });
});

test("event_v02 makes one event per detection of a list, and none of null", async () => {
  expect((await eventsOf([detection, { ...detection, track_id: 1 }])).on("out")).toHaveLength(2);
  expect((await eventsOf(null)).emitted).toEqual([]);
});

test.each([
  ["bbox", { bbox: undefined }, "bbox must be a map, got undefined"],
  ["y2", { bbox: { x1: 1, y1: 1, x2: 2 } }, "bbox.y2 is missing"],
  ["track", { track_id: null }, "a PERSON needs a track_id"],
  ["confidence", { confidence: "high" }, "confidence must be a number, got string"],
])("event_v02 sets a detection without a usable %s aside and says why", async (_name, change, reason) => {
  const { on, node } = await eventsOf([{ ...detection, ...change }, detection]);
  expect(on("invalid")).toMatchObject([{ kind: "detection", meta: { invalid_reason: reason } }]);
  expect(on("out")).toHaveLength(1);
  expect(node.metrics!()).toEqual({ emitted_total: 1, skipped_total: 1 });
});

test("event_v02 asks for a key, not for a value: a null severity is passed on", async () => {
  const { severity: _, ...without } = detection;
  expect((await eventsOf(without)).on("invalid")[0]!.meta.invalid_reason).toBe("severity is missing");
  expect((await eventsOf({ ...detection, severity: null })).on("out")).toHaveLength(1);
});

test("event_v02 needs no track for other objects than persons", async () => {
  const { track_id: _, ...untracked } = detection;
  const { on } = await eventsOf({ ...untracked, object_type: "FIRE" });
  expect(on("out")[0]!.payload).toMatchObject({ track_id: null });
});

test("event_v02 fails on a payload that is no detection at all", async () => {
  await expect(eventsOf("person")).rejects.toThrow("the payload must be a detection, a list or null, got string");
});

test("event_v02 with python_numbers prints a whole confidence as a float", async () => {
  const confidence = (config: object) => async () => {
    const { on } = await eventsOf({ ...detection, confidence: 1 }, { site_id: "S001", ...config });
    return pythonJson((on("out")[0]!.payload as { confidence: unknown }).confidence);
  };
  expect(await confidence({})()).toBe("1");
  expect(await confidence({ python_numbers: true })()).toBe("1.0");
});

test("event_v02 with python_numbers takes a confidence that is a number in text, and else does not", async () => {
  const written = { ...detection, confidence: "0.5" };
  const old = await eventsOf(written, { site_id: "S001", python_numbers: true });
  expect(old.on("out")[0]!.payload).toMatchObject({ confidence: 0.5 });
  const word = await eventsOf({ ...detection, confidence: "high" }, { site_id: "S001", python_numbers: true });
  const ours = await eventsOf(written, { site_id: "S001" });
  expect([word.on("invalid").length, ours.on("invalid").length]).toEqual([1, 1]);
});

test("event_v02 reads a confidence that is a whole float", async () => {
  const { on } = await eventsOf({ ...detection, confidence: new WholeFloat(1) });
  expect(on("out")[0]!.payload).toMatchObject({ confidence: 1 });
});
