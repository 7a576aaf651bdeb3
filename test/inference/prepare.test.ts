import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { FramePlan } from "../../src/inference/frame_plan.ts";
import { geometry } from "../../src/inference/pre/geometry.ts";
import { Preparer } from "../../src/inference/pre/prepare.ts";
import type { FrameFormat } from "../../src/packet/index.ts";
import reference from "../fixtures/inference/opencv_letterbox.json";
import { frameOfBytes, photo, RGB_INPUT } from "../support/inference.ts";

const PLAN: FramePlan = { ...RGB_INPUT, port: "images", width: 8, height: 8 };
const BYTES = { layout: "nhwc", dtype: "uint8", scale: 1 } as const;

const prepared = async (plan: FramePlan, width: number, height: number, format: FrameFormat, bytes: Uint8Array) =>
  (await new Preparer(plan).prepare(frameOfBytes(width, height, format, bytes), 0)).tensor;

/** The picture that the reference values were made of. */
function pattern(width: number, height: number): Uint8Array {
  const bytes = new Uint8Array(width * height * 3);
  for (let at = 0; at < bytes.length; at++) {
    const [x, y, c] = [Math.floor(at / 3) % width, Math.floor(at / 3 / width), at % 3];
    bytes[at] = (x * 7 + y * 13 + c * 50 + ((x * y) % 31) * 5) & 255;
  }
  return bytes;
}

const reordered = (rgb: Uint8Array, format: FrameFormat) => {
  const pixels = rgb.length / 3;
  const plane = (c: number) => Uint8Array.from({ length: pixels }, (_, i) => rgb[i * 3 + c]!);
  if (format === "bgr24") return rgb.map((_, i) => rgb[i - (i % 3) + 2 - (i % 3)]!);
  return Buffer.concat([plane(1), plane(2), plane(0)]);
};

describe("a letterbox", () => {
  for (const { frame, model, left, top, bytes } of reference.cases) {
    const [[w, h], [W, H]] = [frame, model] as [[number, number], [number, number]];
    test(`of ${w}x${h} in ${W}x${H} has the pixels that OpenCV gives, at most one of 255 off`, async () => {
      const plan: FramePlan = { ...PLAN, ...BYTES, width: W, height: H };
      const tensor = await prepared(plan, w, h, "rgb24", pattern(w, h));
      const wanted = Buffer.from(bytes, "base64");
      expect(geometry(w, h, plan)).toMatchObject({ left, top });
      expect(tensor.length).toBe(wanted.length);
      expect(Math.max(...wanted.map((value, i) => Math.abs(value - tensor[i]!)))).toBeLessThanOrEqual(1);
    });
  }

  test("puts all padding right and below with pad corner", async () => {
    const plan: FramePlan = { ...PLAN, ...BYTES, width: 4, height: 4, pad: "corner", channels: "gray" };
    const tensor = await prepared(plan, 4, 2, "gray", Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    expect([...tensor]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, ...Array(8).fill(114)]);
  });

  test("keeps a frame of 4000 x 1 visible", () => {
    expect(geometry(4000, 1, PLAN)).toMatchObject({ width: 8, height: 1, left: 0, top: 3 });
  });
});

test("a tensor has red, green and blue planes of pixel / 255, and padding of 114 / 255", async () => {
  const plan: FramePlan = { ...PLAN, width: 2, height: 4 };
  const tensor = await prepared(plan, 2, 2, "rgb24", Uint8Array.from([0, 51, 102, 255, 0, 0, 1, 2, 3, 4, 5, 6]));
  const pad = 114 / 255;
  const red = [pad, pad, 0, 1, 1 / 255, 4 / 255, pad, pad];
  const green = [pad, pad, 0.2, 0, 2 / 255, 5 / 255, pad, pad];
  const blue = [pad, pad, 0.4, 0, 3 / 255, 6 / 255, pad, pad];
  expect([...tensor]).toEqual([...red, ...green, ...blue].map(Math.fround));
});

test("mean and std are of the model's channels, and channels bgr turns them round", async () => {
  const plan: FramePlan = { ...PLAN, width: 1, height: 1, scale: 1, mean: [1, 2, 3], std: [1, 2, 4] };
  expect([...(await prepared(plan, 1, 1, "rgb24", Uint8Array.of(11, 22, 33)))]).toEqual([10, 10, 7.5]);
  expect([...(await prepared({ ...plan, channels: "bgr" }, 1, 1, "rgb24", Uint8Array.of(11, 22, 33)))]).toEqual([
    32, 10, 2,
  ]);
});

test("crop takes the middle, stretch all", async () => {
  const row = Uint8Array.of(10, 20, 30, 40);
  const plan: FramePlan = { ...PLAN, ...BYTES, channels: "gray", width: 2, height: 1 };
  expect([...(await prepared({ ...plan, fit: "crop" }, 4, 1, "gray", row))]).toEqual([20, 30]);
  expect([...(await prepared({ ...plan, fit: "stretch" }, 4, 1, "gray", row))]).toEqual([15, 35]);
});

for (const format of ["bgr24", "gbrp"] as const) {
  test(`${format} gives exactly what rgb24 gives, scaled or not`, async () => {
    for (const [w, h] of [
      [8, 8],
      [19, 11],
      [3, 5],
    ] as const) {
      const rgb = pattern(w, h);
      const plain = await prepared(PLAN, w, h, "rgb24", rgb);
      expect(await prepared(PLAN, w, h, format, reordered(rgb, format))).toEqual(plain);
    }
  });
}

/** A gray picture in the formats with chroma: luma of limited range, chroma of no colour. */
function grayYuv(format: "yuv420p" | "nv12", width: number, height: number, luma: number): Uint8Array {
  const chroma = 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
  expect(["yuv420p", "nv12"]).toContain(format);
  return Buffer.concat([Buffer.alloc(width * height, luma), Buffer.alloc(chroma, 128)]);
}

for (const format of ["yuv420p", "nv12"] as const) {
  test(`${format} of limited range becomes black, gray and white, odd sizes too`, async () => {
    for (const [w, h] of [
      [8, 8],
      [7, 5],
    ] as const) {
      for (const [luma, value] of [
        [16, 0],
        [126, 128],
        [235, 255],
      ] as const) {
        const plan: FramePlan = { ...PLAN, ...BYTES, fit: "stretch" };
        const tensor = await prepared(plan, w, h, format, grayYuv(format, w, h, luma));
        expect(new Set(tensor)).toEqual(new Set([value]));
      }
    }
  });
}

test("yuv420p and nv12 of the same colours are the same", async () => {
  const [y, u, v] = [Buffer.alloc(16, 120), Uint8Array.of(90, 100, 110, 120), Uint8Array.of(200, 190, 180, 170)];
  const interleaved = Uint8Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? u : v)[i >> 1]!);
  const planar = await prepared(PLAN, 4, 4, "yuv420p", Buffer.concat([y, u, v]));
  expect(await prepared(PLAN, 4, 4, "nv12", Buffer.concat([y, interleaved]))).toEqual(planar);
  expect(new Set(planar).size).toBeGreaterThan(8);
});

test("luma and chroma of the model's size become the colours of BT.601, in any layout and order", async () => {
  const clamp = (value: number) => Math.min(255, Math.max(0, value));
  const size = fc.record({ w: fc.integer({ min: 1, max: 9 }), h: fc.integer({ min: 1, max: 9 }) });
  await fc.assert(
    fc.asyncProperty(size, fc.infiniteStream(fc.integer({ min: 0, max: 255 })), async ({ w, h }, values) => {
      const [cw, ch] = [Math.ceil(w / 2), Math.ceil(h / 2)];
      const bytes = Uint8Array.from({ length: w * h + 2 * cw * ch }, () => values.next().value!);
      const wanted = Array.from({ length: w * h }, (_, at) => {
        const chroma = w * h + Math.floor(Math.floor(at / w) / 2) * cw + Math.floor((at % w) / 2);
        const [y, u, v] = [bytes[at]! - 16, bytes[chroma]! - 128, bytes[chroma + cw * ch]! - 128];
        return [1.164383 * y + 1.596027 * v, 1.164383 * y - 0.391762 * u - 0.812968 * v, 1.164383 * y + 2.017232 * u];
      });
      for (const channels of ["rgb", "bgr"] as const) {
        const order = channels === "rgb" ? [0, 1, 2] : [2, 1, 0];
        for (const layout of ["nchw", "nhwc"] as const) {
          const plan: FramePlan = { ...PLAN, fit: "stretch", width: w, height: h, channels, layout, scale: 1 };
          const tensor = await prepared(plan, w, h, "yuv420p", bytes);
          const at = (pixel: number, c: number) => (layout === "nchw" ? c * w * h + pixel : pixel * 3 + c);
          for (const [pixel, rgb] of wanted.entries())
            for (const [c, from] of order.entries())
              expect(Math.abs(tensor[at(pixel, c)]! - clamp(rgb[from]!))).toBeLessThanOrEqual(0.51);
        }
      }
    }),
    { numRuns: 100 },
  );
});

test("a jpeg is decoded: its colours are those of the picture", async () => {
  const plan: FramePlan = { ...PLAN, ...BYTES, fit: "stretch", width: 48, height: 32 };
  const jpeg = await photo("sample1");
  const decoded = Bun.spawnSync(
    [
      ...["ffmpeg", "-v", "error", "-i", "-", "-vf", "scale=48:32:flags=bilinear+accurate_rnd"],
      ...["-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
    ],
    { stdin: jpeg },
  ).stdout;
  const tensor = (await new Preparer(plan).prepare(frameOfBytes(1920, 1280, "jpeg", jpeg), 0)).tensor;
  // ffmpeg averages while it scales down 40 times, this samples; on the whole it is the same picture.
  const mean = (bytes: ArrayLike<number>) => Array.from(bytes).reduce((sum, value) => sum + value, 0) / bytes.length;
  expect(decoded.length).toBe(tensor.length);
  expect(Math.abs(mean(tensor) - mean(decoded))).toBeLessThan(2);
});

test("a jpeg that is none is refused", async () => {
  const broken = new Preparer(PLAN).prepare(frameOfBytes(8, 8, "jpeg", new Uint8Array(100)), 0);
  expect(await broken.then(String, String)).toMatch(/image|decode|format/i);
});

test("any frame in any model lands inside, and its corners are found again where they were", () => {
  const side = fc.integer({ min: 1, max: 4000 });
  const fits = fc.constantFrom("letterbox" as const, "stretch" as const);
  fc.assert(
    fc.property(side, side, side, side, fits, fc.constantFrom("center", "corner"), (w, h, W, H, fit, pad) => {
      const plan = { ...PLAN, width: W, height: H, fit, pad };
      const { left, top, width, height, scaleX, scaleY } = geometry(w, h, plan);
      expect(left >= 0 && top >= 0 && left + width <= W && top + height <= H).toBe(true);
      // Sides are rounded to whole pixels, so a corner is at most half a pixel of the model off (one where it has to be seen).
      expect(Math.abs(width * scaleX - w)).toBeLessThanOrEqual(scaleX + 1e-6);
      expect(Math.abs(height * scaleY - h)).toBeLessThanOrEqual(scaleY + 1e-6);
    }),
  );
});
