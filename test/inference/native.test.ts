import { beforeAll, describe, expect } from "bun:test";
import { nativeLibrary } from "../../scripts/native.ts";
import { hostTarget } from "../../scripts/targets.ts";
import { inferenceCheck } from "../../src/cli/doctor/inference_check.ts";
import type { NativeFolder } from "../../src/inference/index.ts";
import { frameOfBytes, inference, photo, RGB_INPUT, squares, testModel, YOLOV8 } from "../support/inference.ts";
import { blobModel } from "../support/onnx_models.ts";
import { needs } from "../support/part.ts";
import { matrix, squareModel } from "./matrix.ts";
import { YOLOX, YOLOX_INPUT } from "./photos.ts";

/** The library itself: fetched once, then from the cache. */
let native: NativeFolder;
beforeAll(async () => {
  if (!["linux-x64", "linux-arm64"].includes(hostTarget().name)) return;
  native = { folder: await nativeLibrary(hostTarget()), from: "the test", found: true };
}, 120_000);

const blobs = blobModel({ size: 96, box: 16 });
const test = needs("native_library");

describe("the native library", () => {
  test("is taken by itself where it is, and only there", async () => {
    await using host = inference({ models: { blobs }, native });
    expect((await host.open("blobs", { backend: "auto" })).about.backend).toBe("native");
    expect((await host.open("blobs", { backend: "native" })).about.backend).toBe("native");
    expect((await host.open("blobs", { backend: "wasm" })).about.backend).toBe("wasm");
  });

  test("finds what WebAssembly finds, in squares and in batches", async () => {
    await using host = inference({ models: { blobs }, native });
    const frames = [8, 24, 40].map((at) =>
      squares(96, 96, [
        [at, 8, 16, [255, 0, 0]],
        [at, 60, 16, [0, 0, 255]],
      ]),
    );
    const found = async (backend: "wasm" | "native") => {
      const model = await host.open("blobs", { backend, batch: 2, workers: 1 });
      expect(model.inputs).toEqual([{ name: "images", type: "float32", dims: [-1, 3, 96, 96] }]);
      return Promise.all(frames.map((frame) => model.detect(frame, RGB_INPUT, YOLOV8)));
    };
    const [one, other] = [await found("wasm"), await found("native")];
    expect(one.map((boxes) => boxes.length)).toEqual([2, 2, 2]);
    expect(other).toEqual(one);
  });

  needs("native_library", "test_models")("gives YOLOX's numbers within a thousandth", async () => {
    await using host = inference({ models: { yolox: await testModel("yolox_nano.onnx") }, native });
    const frame = frameOfBytes(1920, 1280, "jpeg", await photo("sample1"));
    const found = async (backend: "wasm" | "native") => {
      const model = await host.open("yolox", { backend });
      return {
        raw: (await model.runFrame(frame, YOLOX_INPUT)).get("output")!.data as Float32Array,
        boxes: await model.detect(frame, YOLOX_INPUT, YOLOX),
      };
    };
    const [one, other] = [await found("wasm"), await found("native")];
    expect(Math.max(...one.raw.map((value, i) => Math.abs(value - other.raw[i]!)))).toBeLessThan(1e-3);
    expect(one.boxes).toHaveLength(3);
    for (const [i, box] of one.boxes.entries()) expect(other.boxes[i]!.x1).toBeCloseTo(box.x1, 1);
  });

  test("survives models that are released while it loads or computes", async () => {
    await using host = inference({ models: { square: squareModel() }, native });
    for (let round = 0; round < 4; round++) {
      const model = await host.open("square", { backend: "native", workers: 2 });
      // Some 100 ms each. A worker that is terminated in there takes the process with it, and this test.
      const asked = Promise.allSettled(Array.from({ length: 3 }, () => model.run(matrix(1_500))));
      if (round % 2 === 1) await model.run(matrix(2));
      await model.release();
      expect((await asked).map(({ status }) => status)).toContain("rejected");
    }
    const last = await host.open("square", { backend: "native" });
    expect([...(await last.run(matrix(3))).values()][0]!.data[0]).toBe(3);
  });

  test("is what doctor says", async () => {
    const check = await inferenceCheck({ SCHNITZEL_NATIVE: native.folder });
    expect(check).toMatchObject({
      status: "ok",
      detail: expect.stringMatching(/^native library, .* \(SCHNITZEL_NATIVE\)/),
    });
  });
});

needs("native_library")(
  "a native library that cannot be loaded is told once, and WebAssembly runs the model",
  async () => {
    await using host = inference({
      models: { blobs },
      native: { folder: import.meta.dir, from: "the test", found: true },
    });
    const models = [await host.open("blobs", { backend: "auto" }), await host.open("blobs", { backend: "auto" })];
    expect(models.map(({ about }) => about.backend)).toEqual(["wasm", "wasm"]);
    const warnings = host.lines.filter(({ level }) => level === "warn");
    expect(warnings.map(({ message }) => message)).toEqual([
      "the native library cannot be used, so WebAssembly runs the model",
    ]);
  },
);
