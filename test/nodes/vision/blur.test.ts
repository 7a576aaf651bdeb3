import { describe, expect, test } from "bun:test";
import { blur } from "../../../src/nodes/vision/blur.ts";
import { type Frame, frameOf } from "../../../src/packet/index.ts";
import { startNode, testContext } from "../../support/node.ts";
import { boxed, framePacket, lightAt, type Paint, paint, RAW_FORMATS } from "./picture.ts";

const EACH: Paint = (x, y) => (x * 37 + y * 11) % 256;

/** Frames a second of an hour apart, each with its detections; gives the copies. */
async function blurred(
  frames: readonly (readonly [second: number, frame: Frame, detections: readonly object[]])[],
  config: object = {},
) {
  const started = startNode(blur, { margin: 0, blocks: 2, ...config });
  for (const [second, frame, detections] of frames) await started.process(framePacket(second, frame, { detections }));
  return { ...started, copies: started.on("out").map(({ payload }) => payload as Frame) };
}

const changed = (before: Frame, after: Frame): string[] => {
  const found: string[] = [];
  for (let y = 0; y < before.height; y++)
    for (let x = 0; x < before.width; x++) if (lightAt(before, x, y) !== lightAt(after, x, y)) found.push(`${x},${y}`);
  return found;
};

describe.each(RAW_FORMATS)("blur of %s", (format) => {
  test("makes blocks of one colour in the box, and changes nothing outside it", async () => {
    const frame = paint(format, 20, 16, EACH);
    const {
      copies: [copy],
    } = await blurred([[0, frame, [boxed(4, 2, 12, 10)]]]);
    expect(frameOf(copy)).toMatchObject({ width: 20, height: 16, format });
    // Two blocks of 4 pixels along each side.
    const block = (left: number, top: number) => {
      const lights = Array.from({ length: 16 }, (_, at) => [left + (at % 4), top + Math.floor(at / 4)] as const);
      const mean = Math.round(lights.reduce((sum, [x, y]) => sum + EACH(x, y), 0) / 16);
      for (const [x, y] of lights) expect(lightAt(copy!, x, y)).toBe(mean);
    };
    for (const [left, top] of [
      [4, 2],
      [8, 2],
      [4, 6],
      [8, 6],
    ] as const)
      block(left, top);
    expect(changed(frame, copy!).every((at) => /^([4-9]|1[01]),[2-9]$/.test(at))).toBe(true);
  });

  test("leaves the frame it was given as it was", async () => {
    const frame = paint(format, 20, 16, EACH);
    await blurred([[0, frame, [boxed(0, 0, 20, 16)]]]);
    expect(frame.data).toEqual(paint(format, 20, 16, EACH).data);
  });

  test("in grey says nothing of what was there", async () => {
    const hidden = async (light: Paint) =>
      (await blurred([[0, paint(format, 9, 9, light), [boxed(-5, -5, 50, 50)]]], { mode: "grey" })).copies[0]!.data;
    expect(await hidden(EACH)).toEqual(await hidden((x) => x));
  });
});

test.each(["yuv420p", "nv12"] as const)("blur hides colour of %s as well", async (format) => {
  const frame = paint(format, 8, 8, () => 50);
  for (let at = 64; at < 96; at++) frame.data[at] = at;
  const {
    copies: [copy],
  } = await blurred([[0, frame, [boxed(0, 0, 8, 8)]]], { blocks: 1 });
  expect(new Set(copy!.data.subarray(64))).toHaveLength(2);
});

test("blur goes on hiding a place for hold_sec after its detection is gone", async () => {
  const frame = paint("gray", 20, 16, EACH);
  const { copies, node } = await blurred(
    [
      [0, frame, [boxed(4, 2, 12, 10)]],
      [0.4, frame, []],
      [0.5, frame, []],
      [0.6, frame, []],
    ],
    { hold_sec: 0.5 },
  );
  expect(copies.map((copy) => changed(frame, copy).length > 0)).toEqual([true, true, true, false]);
  expect(node.metrics!()).toMatchObject({ frames_total: 4, hidden_total: 1, held_forgotten_total: 0 });
});

test("blur hides a margin around the box, of the classes it is told", async () => {
  const frame = paint("gray", 40, 40, EACH);
  const hidden = async (config: object) => {
    const {
      copies: [copy],
    } = await blurred([[0, frame, [boxed(10, 10, 20, 20)]]], { mode: "grey", ...config });
    return changed(frame, copy!).length;
  };
  // One pixel of the area may be grey 114 already.
  expect(await hidden({ margin: 0.5 })).toBeGreaterThan(390);
  expect(await hidden({ classes: ["dog"] })).toBe(0);
});

test("blur lets no frame out that nobody looked at", async () => {
  const { process, emitted } = startNode(blur);
  await expect(process(framePacket(0, paint("gray", 4, 4, EACH)))).rejects.toThrow(
    "cannot hide detections: payload.detections must be a list, got nothing: is there a detector before this node?",
  );
  expect(emitted).toEqual([]);
});

test("blur takes memory of a pool, and gives it back when all that came of the packet is done", async () => {
  const settled: ((failed: boolean) => void)[] = [];
  const outcome = { onSettled: (heard: (failed: boolean) => void) => void settled.push(heard), follow() {} };
  const { process, on, node } = startNode(blur, {}, { ...testContext(), outcome: () => outcome });
  const frame = paint("gray", 4, 4, EACH);
  const shown = () => (on("out").at(-1)!.payload as Frame).data.buffer;
  await process(framePacket(0, frame, { detections: [] }));
  const first = shown();
  expect(first).toBeInstanceOf(SharedArrayBuffer);
  await process(framePacket(1, frame, { detections: [] }));
  expect(shown()).not.toBe(first);
  settled[0]!(false);
  await process(framePacket(2, frame, { detections: [] }));
  expect(shown()).toBe(first);
  expect(node.metrics!()).toMatchObject({ unpooled_total: 0 });
});
