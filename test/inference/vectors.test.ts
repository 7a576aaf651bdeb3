import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MODULE, pixelsModule } from "../../scripts/pixels.ts";
import type { FramePlan } from "../../src/inference/frame_plan.ts";
import { geometry } from "../../src/inference/pre/geometry.ts";
import { planesOf } from "../../src/inference/pre/planes.ts";
import { Preparer } from "../../src/inference/pre/prepare.ts";
import { VectorTensor } from "../../src/inference/pre/vector_tensor.ts";
import { table } from "../../src/inference/pre/write_tensor.ts";
import { type Frame, type FrameFormat, frameBytes } from "../../src/packet/index.ts";
import { RGB_INPUT } from "../support/inference.ts";

const PLAN: FramePlan = { ...RGB_INPUT, port: "images", width: 32, height: 32 };
const PLAIN = { dtype: "uint8", scale: 1 } as const;
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

const vectorsOf = (plan: FramePlan) =>
  VectorTensor.make(
    plan,
    Array.from({ length: plan.channels === "gray" ? 1 : 3 }, (_, c) => table(plan, c)),
  );

/** Rows of `stride` bytes, of noise that the seed decides, in the memory that frames of cameras have. */
function noise(format: Exclude<FrameFormat, "jpeg">, width: number, height: number, gap: number, seed: number): Frame {
  const wide = width + gap;
  const data = new Uint8Array(new SharedArrayBuffer(frameBytes(format, wide, height)));
  let state = seed | 1;
  for (let at = 0; at < data.length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    data[at] = state >>> 8;
  }
  return { width, height, format, stride: format.endsWith("24") ? wide * 3 : wide, data, frame_idx: 0 };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);

/** Byte for byte, also the sign of a zero. */
async function expectSame(plan: FramePlan, frames: readonly Frame[]) {
  const [vectors, plain] = [new Preparer(plan), new Preparer(plan, { vectors: false })];
  for (const frame of frames) {
    const ours = bytesOf((await vectors.prepare(frame, 0)).tensor);
    const theirs = bytesOf((await plain.prepare(frame, 0)).tensor);
    const differs = ours.length === theirs.length ? ours.findIndex((byte, at) => byte !== theirs[at]) : -2;
    if (!ours.equals(theirs)) throw new Error(`differs at byte ${differs}: ${JSON.stringify({ ...frame, data: 0 })}`);
  }
}

test("pixels_wasm.ts is what pixels.wat makes", async () => {
  expect(await Bun.file(MODULE).text()).toBe(await pixelsModule());
});

describe("vectors", () => {
  const plans = fc.record({
    fit: fc.constantFrom("letterbox", "stretch", "crop"),
    pad: fc.constantFrom("center", "corner"),
    layout: fc.constantFrom("nchw", "nhwc"),
    channels: fc.constantFrom("rgb", "bgr", "gray"),
    values: fc.constantFrom<Partial<FramePlan>>(
      {},
      PLAIN,
      IMAGENET,
      { scale: 1 / 128, mean: [1, 1, 1] },
      { scale: 1, mean: [104, 117, 123] },
      { ...PLAIN, scale: 1 / 2 },
    ),
    width: fc.integer({ min: 1, max: 70 }),
    height: fc.integer({ min: 1, max: 70 }),
  });
  const pictures = fc.record({
    format: fc.constantFrom("yuv420p", "nv12", "rgb24", "bgr24", "gbrp", "gray"),
    // 0: of the size that the model has; the others are scaled.
    sides: fc.constantFrom([0, 0], [0, 0.6], [0.6, 0], [1.3, 0.7], [2, 2]),
    gap: fc.constantFrom(0, 0, 2, 14),
    seed: fc.integer(),
  });

  test("give the bytes that plain code gives, whatever is asked for and comes", async () => {
    await fc.assert(
      fc.asyncProperty(
        plans,
        fc.array(pictures, { minLength: 1, maxLength: 4 }),
        async ({ values, ...plan }, chosen) => {
          const whole = { ...PLAN, ...plan, ...values } as FramePlan;
          const frames = chosen.map(({ format, sides: [w, h], gap, seed }) => {
            const [width, height] = [
              w! === 0 ? plan.width : plan.width * w!,
              h! === 0 ? plan.height : plan.height * h!,
            ];
            return noise(format as "gray", Math.ceil(width), Math.ceil(height), gap, seed);
          });
          await expectSame(whole, frames);
        },
      ),
      // Each makes WebAssembly memories of its own, and hundreds of them are slow to collect.
      { numRuns: 100 },
    );
  }, 60_000);

  test("know every colour: all luma with all chroma", async () => {
    const plan: FramePlan = { ...PLAN, ...PLAIN, fit: "stretch", width: 512, height: 512 };
    const [vectors, plain] = [new Preparer(plan), new Preparer(plan, { vectors: false })];
    const frame = noise("yuv420p", 512, 512, 0, 1);
    const chroma = frame.data.subarray(512 * 512);
    for (let at = 0; at < 65_536; at++) [chroma[at], chroma[65_536 + at]] = [at & 255, at >> 8];
    for (let luma = 0; luma < 256; luma += 4) {
      // The four pixels of each chroma value have four lumas.
      for (let at = 0; at < 512 * 512; at++) frame.data[at] = luma + (at & 1) + 2 * ((at >> 9) & 1);
      const [ours, theirs] = [await vectors.prepare(frame, 0), await plain.prepare(frame, 0)];
      expect(bytesOf(ours.tensor).equals(bytesOf(theirs.tensor))).toBe(true);
    }
  });

  test("are what makes tensors of usual models, for each format but nv12", () => {
    const usual = [{}, PLAIN, IMAGENET, { layout: "nhwc" }, { ...PLAIN, layout: "nhwc" }, { scale: 1 }] as const;
    for (const values of usual) {
      const plan = { ...PLAN, ...values } as FramePlan;
      const vectors = vectorsOf(plan)!;
      for (const format of ["yuv420p", "rgb24", "bgr24", "gbrp"] as const) {
        const frame = noise(format, 32, 18, 0, 1);
        const { planes, space } = planesOf(frame);
        const place = geometry(32, 18, plan);
        expect(space === "yuv" ? vectors.writeYuv(planes, place) : vectors.writeColours(planes, place)).toBe(true);
      }
      expect(vectors.writeYuv(planesOf(noise("nv12", 32, 18, 0, 1)).planes, geometry(32, 18, plan))).toBe(false);
    }
  });

  test("leave to plain code what they would get wrong", () => {
    expect(vectorsOf({ ...PLAN, width: 15 })).toBeUndefined();
    expect(vectorsOf({ ...PLAN, ...PLAIN, scale: 1 / 2 })).toBeUndefined();
    expect(vectorsOf({ ...PLAN, ...IMAGENET, layout: "nhwc" })).toBeUndefined();
    expect(vectorsOf({ ...PLAN, scale: 0 })).toBeUndefined();
  });

  test("keep what is around a picture when pictures of other shapes came in between", async () => {
    const [wide, high] = [noise("yuv420p", 32, 18, 0, 1), noise("rgb24", 18, 32, 0, 2)];
    await expectSame(PLAN, [wide, high, wide, noise("nv12", 32, 32, 0, 3), wide, wide]);
  });
});
