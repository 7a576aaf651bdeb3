import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { resize } from "../../../src/nodes/video/resize.ts";
import { sceneAt } from "../../../src/nodes/video/test_scene.ts";
import { type Frame, type FrameFormat, frameBytes, frameStride } from "../../../src/packet/index.ts";
import { packet, startNode, testContext } from "../../support/node.ts";
import { ffmpeg, makeClip } from "../../support/video_clips.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "resize-"));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const [WIDTH, HEIGHT] = [160, 90];
/** Lossless, so that both ways begin with the same pixels. */
const clip = makeClip(folder, "clip.mkv", {
  size: `${WIDTH}x${HEIGHT}`,
  frames: 1,
  codec: ["-c:v", "ffv1", "-pix_fmt", "yuv444p"],
});
const raw = (format: string, filter = "null") =>
  ffmpeg("-i", clip, "-vf", filter, "-pix_fmt", format, "-f", "rawvideo", "-");

function frame(format: Exclude<FrameFormat, "jpeg">): Frame {
  return { width: WIDTH, height: HEIGHT, format, stride: frameStride(format, WIDTH), data: raw(format), frame_idx: 0 };
}

async function resized(config: Record<string, unknown>, payload: Record<string, unknown> | Frame) {
  const node = startNode(resize, config);
  await node.process(packet({ kind: "frame", payload }));
  return node.on("out")[0]!.payload as Frame & Record<string, unknown>;
}

const difference = (a: Uint8Array, b: Uint8Array) =>
  a.reduce((sum, value, at) => sum + Math.abs(value - b[at]!), 0) / a.length;

describe("resize gives what ffmpeg gives, within a value or two, when it", () => {
  const scale = (width: number, height: number) => `scale=${width}:${height}:flags=bilinear`;
  const LETTERBOX =
    "scale=64:64:flags=bilinear:force_original_aspect_ratio=decrease,pad=64:64:(ow-iw)/2:(oh-ih)/2:color=0x727272";

  for (const format of ["bgr24", "rgb24", "gray", "gbrp", "yuv420p", "nv12"] as const) {
    test.each([
      ["shrinks", { width: 50, height: 30 }, scale(50, 30)],
      ["grows", { width: 201, height: 177 }, scale(201, 177)],
      ["keeps the aspect", { width: 64 }, scale(64, 36)],
      ["letterboxes", { width: 64, height: 64, fit: "letterbox" }, LETTERBOX],
    ])(`%s ${format}`, async (_what, config, filter) => {
      const { width, height, data } = await resized(config, frame(format));
      // From the same pixels: ffmpeg is made to convert before it scales.
      const expected = raw(format, `format=${format},${filter}`);
      expect(data).toHaveLength(frameBytes(format, width, height));
      expect(data).toHaveLength(expected.length);
      expect(difference(data, expected)).toBeLessThan(1.5);
    });
  }

  test.each(["bgr24", "rgb24", "gray", "gbrp"] as const)("makes %s of every format", async (format) => {
    const from =
      format === "gray"
        ? (["bgr24", "rgb24", "gbrp"] as const)
        : (["bgr24", "rgb24", "gbrp", "yuv420p", "nv12"] as const);
    for (const own of from) {
      const { data } = await resized({ format }, frame(own));
      const expected = raw(format, `format=${own}`);
      expect({ own, near: difference(data, expected) < 6 }).toEqual({ own, near: true });
    }
  });
});

test("resize passes a frame that is as it should be", async () => {
  const payload = frame("bgr24");
  expect(await resized({ width: WIDTH, format: "bgr24" }, payload)).toBe(payload as never);
});

test("resize moves boxes with the picture", async () => {
  const truth = sceneAt(0, { width: WIDTH, height: HEIGHT, boxes: 1 } as never);
  const { truth: moved } = await resized({ width: 80, height: 80, fit: "letterbox" }, { ...frame("gray"), truth });
  const { x1, x2, y2 } = truth[0]!.bbox;
  // 80x45 in the middle of 80x80: 17 rows above.
  expect(moved as unknown).toEqual([{ ...truth[0]!, bbox: { x1: x1 / 2, y1: 17, x2: x2 / 2, y2: 17 + y2 / 2 } }]);
});

test("resize refuses a JPEG and says what to do", async () => {
  const node = startNode(resize, { width: 10 });
  const payload = { ...frame("gray"), format: "jpeg" };
  await expect((async () => node.process(packet({ kind: "frame", payload })))()).rejects.toThrow(
    "set format at its source",
  );
});

test("resize gives its memory back when the packet is done", async () => {
  const settled: (() => void)[] = [];
  const context = {
    ...testContext(),
    outcome: () => ({ onSettled: (done: () => void) => void settled.push(done), follow() {} }),
  };
  const node = startNode(resize, { width: 80 }, context as never);
  const send = async () => {
    await node.process(packet({ kind: "frame", payload: frame("gray") }));
    return (node.on("out").at(-1)!.payload as Frame).data.buffer;
  };
  const first = await send();
  expect(await send()).not.toBe(first);
  settled[0]!();
  expect(await send()).toBe(first);
  expect(node.node.metrics!()).toMatchObject({ resized_total: 3, unpooled_total: 0 });
});
