import { expect, test } from "bun:test";
import { crop } from "../../../src/nodes/vision/crop.ts";
import { type Frame, frameOf } from "../../../src/packet/index.ts";
import { startNode } from "../../support/node.ts";
import { boxed, framePacket, lightAt, type Paint, paint, RAW_FORMATS } from "./picture.ts";

/** Every pixel another one. */
const EACH: Paint = (x, y) => (x + 10 * y) % 256;

type Cut = Frame & { crop: { x: number; y: number }; detections: { bbox: object; track_id?: number }[] };

async function cuts(frame: Frame, detections: readonly object[], config: object = {}) {
  const started = startNode(crop, { margin: 0, min_size: 1, ...config });
  await started.process(framePacket(1, frame, { detections }));
  return { ...started, cuts: started.on("out").map(({ payload }) => payload as Cut) };
}

test.each(RAW_FORMATS)("crop cuts the pixels of a box out of a frame of format %s", async (format) => {
  const {
    cuts: [cut],
  } = await cuts(paint(format, 11, 9, EACH), [boxed(4, 2, 9, 7, { track_id: 3 })]);
  expect(frameOf(cut)).toMatchObject({ width: 5, height: 5, format, frame_idx: 10 });
  for (let y = 0; y < 5; y++) for (let x = 0; x < 5; x++) expect(lightAt(cut!, x, y)).toBe(EACH(x + 4, y + 2));
  expect(cut).toMatchObject({
    crop: { x: 4, y: 2 },
    detections: [{ track_id: 3, bbox: { x1: 0, y1: 0, x2: 5, y2: 5 } }],
  });
});

test.each(["yuv420p", "nv12"] as const)(
  "crop cuts the colour of %s with the light, from even pixels on",
  async (format) => {
    const frame = paint(format, 8, 6, EACH);
    // Colour planes count up, so that every sample is another one.
    for (let at = 48; at < frame.data.length; at++) frame.data[at] = at;
    const {
      cuts: [cut],
    } = await cuts(frame, [boxed(3, 3, 7, 6)]);
    expect(cut).toMatchObject({
      width: 5,
      height: 4,
      crop: { x: 2, y: 2 },
      detections: [{ bbox: { x1: 1, y1: 1, x2: 5, y2: 4 } }],
    });
    const colour =
      format === "nv12"
        ? [58, 59, 60, 61, 62, 63, 66, 67, 68, 69, 70, 71]
        : [53, 54, 55, 57, 58, 59, 65, 66, 67, 69, 70, 71];
    expect([...cut!.data.subarray(20)]).toEqual(colour);
  },
);

test("crop takes a margin as far as there is picture, and every pixel that a box touches", async () => {
  const areas = async (box: object, config: object) =>
    (await cuts(paint("gray", 20, 20, EACH), [box], config)).cuts.map(({ crop: area }) => area);
  expect(await areas(boxed(8, 8, 12, 12), { margin: 0.5 })).toEqual([{ x: 6, y: 6, width: 8, height: 8 }] as never);
  expect(await areas(boxed(0, 0, 12, 12), { margin: 1 })).toEqual([{ x: 0, y: 0, width: 20, height: 20 }] as never);
  expect(await areas(boxed(7.9, 8.1, 9.1, 9.9), {})).toEqual([{ x: 7, y: 8, width: 3, height: 2 }] as never);
});

test("crop makes a packet of its own for each detection, with a key of its own", async () => {
  const { on } = await cuts(paint("gray", 20, 20, EACH), [boxed(1, 1, 5, 5), boxed(6, 6, 9, 9)]);
  expect(on("out").map(({ meta }) => meta.idempotency_key)).toEqual(["frame:cam01:10:crop:0", "frame:cam01:10:crop:1"]);
  expect(new Set(on("out").map(({ packet_id }) => packet_id)).size).toBe(2);
  expect(on("out")[0]!.meta.source_packet_id).toBe("00000000-0000-7000-8000-000000000001");
});

test("crop keeps the pixels when the frame's memory is used again", async () => {
  const frame = paint("gray", 4, 4, EACH);
  const {
    cuts: [cut],
  } = await cuts(frame, [boxed(0, 0, 2, 1)]);
  frame.data.fill(0);
  expect([...cut!.data]).toEqual([0, 1]);
});

test("crop passes over what is small, outside, of another class or too much, and counts it", async () => {
  const list = [
    boxed(0, 0, 3, 9),
    boxed(50, 50, 60, 60),
    boxed(0, 0, 9, 9, { class_name: "dog" }),
    boxed(0, 0, 8, 8),
    boxed(0, 0, 9, 9),
  ];
  const { cuts: found, node } = await cuts(paint("gray", 20, 20, EACH), list, {
    min_size: 4,
    classes: ["face"],
    max_crops: 3,
  });
  expect(found.map(({ width }) => width)).toEqual([8]);
  expect(node.metrics!()).toMatchObject({ cut_total: 1, small_total: 2, surplus_total: 1 });
});
