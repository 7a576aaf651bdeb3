import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { detectionToEvent } from "../../../src/nodes/vision/detection_to_event.ts";
import { packet, startNode, testContext } from "../../support/node.ts";
import { detection, shot } from "./scene.ts";

type Meant = Record<string, unknown>;

const PERSON = {
  class_id: 0,
  class_name: "person",
  track_id: 4,
  bbox: { x1: 1, y1: 2, x2: 3, y2: 4 },
  confidence: 0.5,
};
const FIRE = { class_id: 1, class_name: "fire", bbox: PERSON.bbox, confidence: 0.5 };
const MAP = [{ class_id: 1, event_type: "FIRE_DETECTED", object_type: "FIRE", severity: "HIGH" }];

async function meaningsOf(detections: readonly object[], config: Record<string, unknown> = {}) {
  const started = startNode(detectionToEvent, config);
  await started.process(shot(0, detections));
  return { ...started, list: started.on("out").flatMap(({ payload }) => payload as Meant[]) };
}

test("detection_to_event knows a person by default, by name or where there is no name by number", async () => {
  const of = async (one: object) =>
    (await meaningsOf([{ ...detection(0, 1, 1), ...one }])).list.map(({ event_type }) => event_type);
  expect(await of({})).toEqual(["ZONE_INTRUSION"]);
  expect(await of({ class_id: 7 })).toEqual(["ZONE_INTRUSION"]);
  expect(await of({ class_name: undefined })).toEqual(["ZONE_INTRUSION"]);
  expect(await of({ class_name: "0" })).toEqual(["ZONE_INTRUSION"]);
  // Class 0 of a model for faces is no person.
  expect(await of({ class_name: "face" })).toEqual([]);
});

test("detection_to_event takes a number alone whatever the name is, as the predecessor's map does", async () => {
  const { list } = await meaningsOf([FIRE, PERSON], { class_map: MAP });
  expect(list).toEqual([{ ...FIRE, event_type: "FIRE_DETECTED", object_type: "FIRE", severity: "HIGH" }]);
});

test("detection_to_event counts what is not in the map, and says each class once", async () => {
  const { process, node, context } = await meaningsOf([FIRE, FIRE, PERSON]);
  await process(shot(1, [FIRE]));
  expect(node.metrics!()).toMatchObject({ mapped_total: 1, unmapped_total: 3 });
  expect(context.logged).toEqual([
    {
      level: "warn",
      message: "dropping detections: their class is not in the class map",
      fields: { class: "fire", known: "person" },
    },
  ]);
});

test("detection_to_event makes no packet of nothing", async () => {
  expect((await meaningsOf([FIRE])).on("out")).toEqual([]);
});

test("detection_to_event leaves pixels behind and keeps time, source and meta", async () => {
  const { process, on } = startNode(detectionToEvent);
  const payload = { width: 1, height: 1, format: "gray", data: new Uint8Array(1), frame_idx: 3, detections: [PERSON] };
  const meta = { frame_idx: 3, idempotency_key: "frame:cam01:3" };
  const frame = packet({
    kind: "frame",
    packet_id: "p1",
    ts: "2026-02-14T00:00:00Z",
    source_id: "cam01",
    payload,
    meta,
  });
  await process(frame);
  const [out] = on("out");
  expect(out).toMatchObject({ kind: "detection", ts: frame.ts, source_id: "cam01", meta });
  expect(out!.packet_id).not.toBe("p1");
  expect(Array.isArray(out!.payload)).toBe(true);
});

test("detection_to_event gives boxes in whole pixels, half to even, or as they are", async () => {
  const bbox = { x1: 0.5, y1: 1.5, x2: 2.4999, y2: 1e3 + 0.51 };
  const boxes = async (config: object) =>
    (await meaningsOf([{ ...PERSON, bbox }], { ...config })).list.map((one) => one.bbox);
  expect(await boxes({})).toEqual([{ x1: 0, y1: 2, x2: 2, y2: 1001 }]);
  expect(await boxes({ round: false })).toEqual([bbox]);
});

test("detection_to_event passes, drops or numbers what has no track", async () => {
  const { track_id: _, ...bare } = PERSON;
  const tracks = async (untracked: string) => {
    const { list, node } = await meaningsOf([bare, PERSON, bare], { untracked });
    expect(node.metrics!()).toMatchObject({ untracked_total: 2 });
    return list.map(({ track_id }) => track_id);
  };
  expect(await tracks("pass")).toEqual([undefined, 4, undefined]);
  expect(await tracks("drop")).toEqual([4]);
  expect(await tracks("fresh")).toEqual([0, 4, 1]);
});

test.each([
  [[{ event_type: "A", object_type: "B" }], "which class is it? Give class_id or class_name"],
  [[...MAP, { ...MAP[0], class_name: "fire" }], "class_id 1 is in the class map already"],
])("detection_to_event refuses the class map %j", (class_map, message) => {
  expect(detectionToEvent.check(v.parse(detectionToEvent.config, { class_map })).map((issue) => issue.message)).toEqual(
    [message],
  );
});

describe("detection_to_event with a file", () => {
  const withFile = (name: string, content: string) => {
    const base = mkdtempSync(join(tmpdir(), "classes-"));
    try {
      writeFileSync(join(base, name), content);
      return startNode(detectionToEvent, { class_map_file: name }, testContext({ base }));
    } finally {
      rmSync(base, { recursive: true });
    }
  };

  test.each([
    ["map.json", JSON.stringify(MAP)],
    ["map.json", JSON.stringify({ class_map: MAP })],
    ["map.yml", "class_map:\n  - { class_id: 1, event_type: FIRE_DETECTED, object_type: FIRE, severity: HIGH }\n"],
  ])("reads %s: %s", async (name, content) => {
    const { process, on } = withFile(name, content);
    await process(shot(0, [FIRE]));
    expect(on("out")[0]!.payload).toMatchObject([{ event_type: "FIRE_DETECTED" }]);
  });

  const expected = "expected class_map: [{ class_id or class_name, event_type, object_type, severity }], got";
  test.each([
    // A map by class name or number, the shape of the predecessor's map for protective gear, was empty to it.
    [
      "map.yaml",
      "no_helmet: { event_type: A }\nno_vest: { event_type: B }\n",
      `${expected} a map with "no_helmet", "no_vest"`,
    ],
    [
      "map.yaml",
      'class_map: { "0": { event_type: A } }\n',
      `${expected} a map under class_map, with "0": write each as an entry of a list`,
    ],
    ["map.yaml", "", `${expected} an empty file`],
    ["map.yaml", "class_map:\n  - { class_id: 1, event_type: A }\n", "class_map[0].object_type"],
    ["map.yaml", "class_map:\n  - { event_type: A, object_type: B }\n", "class_map[0]: which class is it?"],
    ["map.txt", "", "its name must end in .yaml, .yml or .json"],
    ["map.json", "{", "cannot read the class map"],
  ])("refuses %s: %j", (name, content, message) => {
    expect(() => withFile(name, content)).toThrow(message);
  });

  test("says where it looked for a file that is not there", () => {
    const start = () => startNode(detectionToEvent, { class_map_file: "no.yaml" }, testContext({ base: "/srv" }));
    expect(start).toThrow('cannot read the class map "no.yaml": there is no such file at /srv/no.yaml');
  });
});
