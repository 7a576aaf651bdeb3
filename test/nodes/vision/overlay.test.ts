import { expect, test } from "bun:test";
import { overlay } from "../../../src/nodes/vision/overlay.ts";
import { type Frame, frameBytes, frameStride } from "../../../src/packet/index.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

function frame(width: number, height: number, format: "bgr24" | "gray" = "bgr24"): Frame {
  const data = new Uint8Array(new SharedArrayBuffer(frameBytes(format, width, height)));
  return { width, height, format, stride: frameStride(format, width), data, frame_idx: 7 };
}

const person = { bbox: { x1: 20, y1: 60, x2: 60, y2: 110 }, confidence: 0.876, class_id: 0, class_name: "person" };

/** Rows and columns that differ from black. */
function drawn({ data, width }: Frame) {
  const spots = [...data.keys()].filter((at) => data[at] !== 0).map((at) => Math.floor(at / 3));
  const columns = spots.map((spot) => spot % width);
  const rows = spots.map((spot) => Math.floor(spot / width));
  const ends = (list: number[]) => [Math.min(...list), Math.max(...list)];
  return { pixels: new Set(spots).size, columns: ends(columns), rows: ends(rows) };
}

async function show(config: Record<string, unknown>, payload: object) {
  const { process, on, node } = startNode(overlay, config);
  await process(packet({ kind: "frame", source_id: "yard", payload }));
  return { frame: on("out")[0]!.payload as Frame & { detections?: unknown }, node };
}

test("overlay draws on a copy: the frame that came in stays as it was", async () => {
  const picture = frame(120, 120);
  const { frame: shown } = await show({}, { ...picture, detections: [person] });
  expect(picture.data.every((byte) => byte === 0)).toBe(true);
  expect(shown.data.buffer).not.toBe(picture.data.buffer);
  expect(drawn(shown)).toMatchObject({ columns: [20, expect.any(Number)], rows: [51, 109] });
  expect(shown.detections).toEqual([person]);
  expect(shown.frame_idx).toBe(7);
});

test("overlay makes bgr24 of other formats", async () => {
  const { frame: shown } = await show({}, { ...frame(120, 120, "gray"), detections: [person] });
  expect([shown.format, shown.stride, shown.data.length]).toEqual(["bgr24", 360, 43_200]);
});

test("overlay draws thicker in a larger picture, so that it is legible at any resolution", async () => {
  const bar = async (height: number) => {
    const { frame: shown } = await show({ labels: false }, { ...frame(400, height), detections: [person] });
    return Array.from({ length: 20 }, (_, at) => shown.data[(80 * 400 + 20 + at) * 3 + 1]).indexOf(0);
  };
  expect([await bar(240), await bar(480), await bar(1_080)]).toEqual([1, 2, 5]);
});

test("overlay keeps a track's colour, and another track has another one", async () => {
  const colour = async (track_id: number) => {
    const { frame: shown } = await show(
      { labels: false },
      { ...frame(120, 120), detections: [{ ...person, track_id }] },
    );
    return [...shown.data.subarray((60 * 120 + 20) * 3, (60 * 120 + 20) * 3 + 3)];
  };
  expect(await colour(3)).toEqual(await colour(3));
  expect(await colour(3)).not.toEqual(await colour(4));
});

test("overlay moves a label into the picture", async () => {
  const top = { ...person, bbox: { x1: 110, y1: 0, x2: 119, y2: 20 } };
  const { frame: shown } = await show({ line_thickness: 1, font_scale: 1 }, { ...frame(120, 120), detections: [top] });
  expect(drawn(shown)).toMatchObject({ columns: [53, 119], rows: [0, 19] });
});

test("overlay draws zones, statistics and time without any detection", async () => {
  const zones = [
    {
      zone_id: "dock",
      polygon: [
        [10, 50],
        [90, 50],
        [50, 100],
      ],
    },
  ];
  const { frame: shown } = await show({ zones, show_stats: true, show_time: true }, frame(300, 240));
  expect(drawn(shown)).toMatchObject({ rows: [1, 100] });
});

test("overlay draws nothing of boxes far outside, and counts what it cannot read", async () => {
  const far = { ...person, bbox: { x1: 1e7, y1: 1e7, x2: 2e7, y2: 2e7 } };
  const broken = { ...person, bbox: { x1: Number.NaN, y1: 0, x2: 1, y2: 1 } };
  const { frame: shown, node } = await show({ labels: false }, { ...frame(60, 60), detections: [far, broken] });
  expect(shown.data.every((byte) => byte === 0)).toBe(true);
  expect(node.metrics!()).toMatchObject({ detections_unusable_total: 1, drawn_total: 1 });
});

test("overlay uses memory again once all that came of a packet is done", async () => {
  const settled: ((failed: boolean) => void)[] = [];
  const outcome = () => ({
    onSettled: (listener: (failed: boolean) => void) => void settled.push(listener),
    follow() {},
  });
  const { process, on, node } = startNode(overlay, {}, { ...testContext(), outcome });
  for (let at = 0; at < 18; at++) await process(packet({ kind: "frame", payload: frame(4, 4) }));
  const buffers = () => new Set(on("out").map(({ payload }) => (payload as Frame).data.buffer));
  expect(buffers().size).toBe(18);
  expect(node.metrics!()).toMatchObject({ unpooled_total: 2 });
  for (const settle of settled.splice(0)) settle(false);
  for (let at = 0; at < 16; at++) await process(packet({ kind: "frame", payload: frame(4, 4) }));
  expect(buffers().size).toBe(18);
});

test("overlay says what it cannot draw on", async () => {
  const jpeg = { ...frame(4, 4), format: "jpeg", stride: 0, data: new Uint8Array(9) };
  await expect(show({}, jpeg)).rejects.toThrow("a jpeg frame must be decoded before its pixels can be read");
  await expect(show({}, { detections: [] })).rejects.toThrow("frame.width must be a whole number of pixels, got ");
});
