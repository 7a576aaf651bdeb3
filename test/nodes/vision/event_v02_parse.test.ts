import { expect, test } from "bun:test";
import { count } from "../../../src/nodes/vision/count.ts";
import { eventV02 } from "../../../src/nodes/vision/event_v02.ts";
import { eventV02Parse } from "../../../src/nodes/vision/event_v02_parse.ts";
import { pythonJson } from "../../../src/packet/index.ts";
import { packet, startNode } from "../../support/node.ts";
import { EVENT_VECTORS, type EventVector } from "./event_vectors.ts";
import { feet, watch } from "./watch.ts";

/** An event as it comes off the wire. */
async function wireEvent({ config, source_id, ts, detection }: EventVector): Promise<Record<string, unknown>> {
  const { process, on } = startNode(eventV02, config);
  await process(packet({ kind: "detection", source_id, ts, payload: detection }));
  return JSON.parse(pythonJson(on("out")[0]!.payload));
}

async function parsed(payload: unknown, config: Record<string, unknown> = {}) {
  const started = startNode(eventV02Parse, config);
  await started.process(packet({ kind: "raw", packet_id: "outside", payload }));
  return started;
}

test("event_v02_parse takes a count, which has no box, with verify_id: false", async () => {
  const counted = await watch(count, { settle_sec: 0 }, [[0, [feet(1, 200, 200)]]]);
  const event = JSON.parse(JSON.stringify(counted.events[0]));
  expect((await parsed(event)).on("invalid")).toMatchObject([
    { meta: { invalid_reason: expect.stringContaining("event_id is not the id") } },
  ]);
  const { on } = await parsed(event, { verify_id: false });
  expect(on("out")).toMatchObject([{ meta: { idempotency_key: event.event_id }, payload: event }]);
});

test.each(EVENT_VECTORS)(
  "event_v02_parse rebuilds the key of an event that went through JSON: $key",
  async (vector) => {
    const event = await wireEvent(vector);
    const { on } = await parsed(event);
    expect(on("out")).toEqual([
      {
        packet_id: expect.any(String),
        kind: "event",
        ts: vector.ts,
        source_id: event.camera_id as string,
        payload: event,
        meta: { idempotency_key: vector.key, source_packet_id: "outside" },
      },
    ]);
  },
);

test("event_v02_parse accepts an event whose zone, snapshot and sensor were filled in later", async () => {
  const event = await wireEvent(EVENT_VECTORS[0]!);
  const { on } = await parsed({ ...event, zone: { zone_id: "Z1", inside: true }, snapshot_path: "a.jpg", note: "x" });
  expect(on("out")[0]!.payload).toMatchObject({ zone: { zone_id: "Z1" }, note: "x" });
});

test("event_v02_parse refuses an event whose fields were changed", async () => {
  const event = await wireEvent(EVENT_VECTORS[0]!);
  const { on, node } = await parsed({ ...event, track_id: 1 });
  expect(on("invalid")).toMatchObject([
    { packet_id: "outside", meta: { invalid_reason: "event_id is not the id that the event's own fields give" } },
  ]);
  expect(node.metrics!()).toEqual({ accepted_total: 0, invalid_total: 1 });
});

test("event_v02_parse without verify_id takes a foreign id as the key", async () => {
  const event = { ...(await wireEvent(EVENT_VECTORS[0]!)), event_id: "from-elsewhere" };
  const { on } = await parsed(event, { verify_id: false });
  expect(on("out")[0]!.meta.idempotency_key).toBe("from-elsewhere");
});

test.each([
  ["camera_id", undefined],
  ["severity", "URGENT"],
  ["bbox", 7],
  ["confidence", "0.7"],
])("event_v02_parse refuses an event with a wrong %s and names it", async (field, value) => {
  const { on } = await parsed({ ...(await wireEvent(EVENT_VECTORS[0]!)), [field]: value });
  expect(on("invalid")[0]!.meta.invalid_reason).toStartWith(`${field}: `);
});

test("event_v02_parse refuses what is no map", async () => {
  expect((await parsed("hello")).on("invalid")).toHaveLength(1);
});
