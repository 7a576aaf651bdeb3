import { describe, expect } from "bun:test";
import type { Box, BoxOutput, FrameInput } from "../../src/node/index.ts";
import reference from "../fixtures/inference/photo_boxes.json";
import { frameOfBytes, inference, photo, testModel } from "../support/inference.ts";
import { needs } from "../support/part.ts";
import { RFB, RFB_INPUT, YOLOX, YOLOX_INPUT } from "./photos.ts";

/** Real weights on real photos, against what OpenCV and numpy make of them. */
const CASES: readonly (readonly ["yolox" | "rfb", string, FrameInput, BoxOutput])[] = [
  ["yolox", "yolox_nano.onnx", YOLOX_INPUT, YOLOX],
  ["rfb", "rfb320_faces.onnx", RFB_INPUT, RFB],
];

for (const [name, file, input, output] of CASES) {
  describe(`${file} finds in a photo what the reference finds:`, () => {
    for (const [photoName, { width, height, [name]: wanted }] of Object.entries(reference.photos)) {
      needs("test_models")(
        `${photoName}, ${wanted.length} boxes`,
        async () => {
          await using host = inference({ models: { [file]: await testModel(file) } });
          const model = await host.open(file);
          const found = await model.detect(frameOfBytes(width, height, "jpeg", await photo(photoName)), input, output);
          expect(found).toHaveLength(wanted.length);
          // Two decoders differ by a level here and there, which moves a corner by less than a 500th of the picture.
          for (const [i, [x1, y1, x2, y2, confidence, classId]] of (wanted as number[][]).entries()) {
            const box = nearest(found, x1!, y1!);
            expect(box.class_id).toBe(classId!);
            expect(Math.abs(box.confidence - confidence!)).toBeLessThan(0.02);
            const off = [box.x1 - x1!, box.y1 - y1!, box.x2 - x2!, box.y2 - y2!].map(Math.abs);
            expect({ i, off: Math.max(...off) < 6 }).toEqual({ i, off: true });
          }
        },
        30_000,
      );
    }
  });
}

const nearest = (boxes: readonly Box[], x: number, y: number) =>
  boxes.toSorted((a, b) => Math.hypot(a.x1 - x, a.y1 - y) - Math.hypot(b.x1 - x, b.y1 - y))[0]!;
