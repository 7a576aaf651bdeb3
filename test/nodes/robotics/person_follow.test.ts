import { expect, test } from "bun:test";
import { personFollow } from "../../../src/nodes/robotics/person_follow.ts";
import { pythonJson } from "../../../src/packet/index.ts";
import { packet, startNode } from "../../support/node.ts";

const at = (x1: number, y1: number, x2: number, y2: number, more: object = {}) => ({
  bbox: { x1, y1, x2, y2 },
  confidence: 0.9,
  class_id: 0,
  class_name: "person",
  ...more,
});

interface Command {
  linear_x: number;
  angular_z: number;
  target_found: boolean;
  candidate_count: number;
  target_bbox?: { x1: number };
}

async function commandFor(detections: unknown, config: Record<string, unknown> = {}, payload: object = {}) {
  const { process, on } = startNode(personFollow, config);
  await process(packet({ kind: "frame", payload: { detections, ...payload } }));
  return on("out")[0]!.payload as Command;
}

/** Speeds for one person in 640 × 480. */
const speeds = async (person: object, config: Record<string, unknown> = {}) => {
  const { linear_x, angular_z } = await commandFor([person], config);
  return [linear_x, angular_z];
};

test.each([
  ["is straight ahead and far", at(280, 180, 360, 300), {}, [0.08, 0]],
  ["is far to the right", at(500, 160, 620, 300), {}, [0, -0.9]],
  ["is too near", at(280, 0, 360, 400), {}, [0, 0]],
  ["is too near for a robot that may go back", at(280, 0, 360, 400), { allow_reverse: true }, [-0.18, 0]],
])(
  "person_follow gives the predecessor's speeds for somebody who %s",
  async (_name, person, config, [linear, angular]) => {
    const [v, w] = await speeds(person, config);
    expect(v).toBeCloseTo(linear!, 12);
    expect(w).toBeCloseTo(angular!, 12);
  },
);

test("person_follow stands while the height is within the tolerance", async () => {
  // 168 of 480 are the 0.35 that is wanted.
  const linear = async (height: number, config = {}) => (await speeds(at(280, 0, 360, height), config))[0];
  expect(await linear(168)).toBe(0);
  expect(await linear(145)).toBe(0);
  expect(await linear(143)).toBeGreaterThan(0);
  expect(await linear(143, { height_ratio_tolerance: 0.1 })).toBe(0);
});

test("person_follow keeps to its fastest and slowest speeds", async () => {
  const person = at(280, 180, 360, 300);
  expect(await speeds(person, { linear_kp: 100 })).toEqual([0.18, 0]);
  expect(await speeds(person, { min_linear: 0.1 })).toEqual([0.1, 0]);
  expect(await speeds(at(280, 0, 360, 200), { min_linear: 0.1, allow_reverse: true })).toEqual([-0.1, 0]);
  expect(await speeds(at(600, 180, 640, 300), { max_angular: 0.5 })).toEqual([0, -0.5]);
  expect(await speeds(at(0, 180, 40, 300), { max_angular: 0.5 })).toEqual([0, 0.5]);
});

test("person_follow takes a person outside the picture for one at its edge", async () => {
  expect(await speeds(at(700, 180, 900, 300))).toEqual([0, -1.2]);
});

test("person_follow goes and turns at once when the person is near the middle", async () => {
  const person = at(320, 180, 400, 300);
  expect((await speeds(person)).map((speed) => speed !== 0)).toEqual([true, true]);
  expect((await speeds(person, { center_error_for_linear: 0.1 })).map((speed) => speed !== 0)).toEqual([false, true]);
});

test("person_follow chooses the largest, or who is nearest to the middle, and of equals the first", async () => {
  const people = [at(0, 0, 100, 200), at(300, 0, 340, 100), at(500, 0, 600, 200)];
  const chosen = async (target_select: string) => (await commandFor(people, { target_select })).target_bbox!.x1;
  expect([await chosen("largest"), await chosen("center")]).toEqual([0, 300]);
});

test.each([
  ["is unsure", at(1, 1, 9, 9, { confidence: 0.34 })],
  ["has no confidence", at(1, 1, 9, 9, { confidence: undefined })],
  ["is of another class", at(1, 1, 9, 9, { class_id: 16, class_name: "dog" })],
  ["has no width", at(9, 1, 9, 9)],
  ["has a corner that is no number", at(1, 1, 9, "9" as never)],
  ["has a corner that is NaN", at(1, 1, 9, Number.NaN)],
  ["has no box", { confidence: 1, class_id: 0 }],
  ["is no map", "person"],
])("person_follow stands still when the only detection %s", async (_name, detection) => {
  expect(await commandFor([detection])).toMatchObject({
    linear_x: 0,
    angular_z: 0,
    target_found: false,
    candidate_count: 0,
  });
});

test.each([
  ["number", { class_name: "somebody" }],
  ["name", { class_id: 7 }],
  ["label", { class_id: undefined, class_name: undefined, label: "person" }],
])("person_follow knows a person by %s", async (_name, change) => {
  expect(await commandFor([at(1, 1, 9, 9, change)])).toMatchObject({ target_found: true, candidate_count: 1 });
});

test("person_follow takes the picture's size from its pixels, else from what the payload says, else by default", async () => {
  const size = async (payload: object) => {
    const { frame_width, frame_height } = (await commandFor([], {}, payload)) as never as Record<string, number>;
    return [frame_width, frame_height];
  };
  const both = { frame_width: 320, frame_height: 240, width: 1280, height: 720 };
  expect(await size({ ...both, data: new Uint8Array(1) })).toEqual([1280, 720]);
  expect(await size(both)).toEqual([320, 240]);
  expect(await size({ width: 1280, height: 720 })).toEqual([1280, 720]);
  expect(await size({})).toEqual([640, 480]);
});

test("person_follow commands a stop for a frame that nobody looked at, and counts what it did", async () => {
  const { process, on, node } = startNode(personFollow, { source_id: "base", output_kind: "drive" });
  await process(packet({ kind: "frame", payload: {}, meta: { frame_idx: 3 } }));
  await process(packet({ kind: "frame", payload: { detections: [at(280, 180, 360, 300)] } }));
  expect(on("out")).toMatchObject([
    { kind: "drive", source_id: "base", meta: { frame_idx: 3, target_found: false, candidate_count: 0 } },
    { kind: "drive", source_id: "base", meta: { target_found: true, candidate_count: 1 } },
  ]);
  expect(node.metrics!()).toEqual({ emitted_total: 2, found_total: 1, stopped_total: 1 });
});

test("person_follow with python_numbers prints floats as the predecessor did, the sign of zero included", async () => {
  const printed = async (detections: object[]) => pythonJson(await commandFor(detections, { python_numbers: true }));
  expect(await printed([])).toBe(
    '{"linear_x": 0.0, "angular_z": 0.0, "target_found": false, "candidate_count": 0, "frame_width": 640, "frame_height": 480, "error_x_norm": 0.0, "bbox_height_ratio": 0.0, "target_select": "largest"}',
  );
  expect(await printed([at(280, 0, 360, 168)])).toContain('"linear_x": 0.0, "angular_z": -0.0,');
  expect(Object.is((await commandFor([at(280, 0, 360, 168)])).angular_z, 0)).toBe(true);
});

test.each([
  ["detections that are no list", { detections: {} }, "payload.detections must be a list, got object"],
  ["a payload that is no map", [], "the payload must be a map, got a list"],
])("person_follow refuses %s", async (_name, payload, message) => {
  await expect(startNode(personFollow).process(packet({ payload }))).rejects.toThrow(
    `cannot follow a person: ${message}`,
  );
});

// JSON from outside can say 1e999, which is read as Infinity; NaN would leave as null, and a robot go on.
test.each([
  ["everywhere", at(-Infinity, 0, Infinity, 300)],
  ["endlessly tall", at(280, -Infinity, 360, 300)],
  ["sure by no number", at(280, 180, 360, 300, { confidence: Number.NaN })],
])("person_follow stands still for somebody who is %s", async (_, person) => {
  expect(await commandFor([person])).toMatchObject({ linear_x: 0, angular_z: 0, target_found: false });
});
