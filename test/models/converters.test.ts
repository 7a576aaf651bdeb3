import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import * as path from "node:path";
import { makeCocoSmall } from "../../scripts/models/coco_small.ts";
import { makeFaceTiny } from "../../scripts/models/face_tiny.ts";
import { OnnxGraph } from "../../scripts/models/onnx_writer.ts";
import { convert, type TfNode } from "../../scripts/models/tfjs_graph.ts";
import { readWeights, transposed } from "../../scripts/models/tfjs_weights.ts";
import { catalogued, sha256 } from "../../src/inference/index.ts";
import type { Box, Model } from "../../src/node/index.ts";
import type { Frame } from "../../src/packet/index.ts";
import { ROOT } from "../support/binary.ts";
import { ONE_WORKER, testInference } from "../support/onnx_session.ts";

// Loading ONNX Runtime takes a second, and ten on a machine that does other things as well.
setDefaultTimeout(60_000);

/** Models by the names of the catalogue, as graphs get them, from freshly converted bytes. */
const inference = testInference((name) => (name === "face_tiny" ? makeFaceTiny() : makeCocoSmall()));

/** A photo that the face detector's package shows its work on. */
async function photo(number: number): Promise<Frame> {
  const file = path.join(ROOT, `node_modules/@vladmandic/face-api/demo/sample${number}.jpg`);
  const data = await Bun.file(file).bytes();
  const { width, height } = await new Bun.Image(data).metadata();
  return { frame_idx: 0, width, height, format: "jpeg", stride: 0, data };
}

async function detect(model: Model, frame: Frame): Promise<readonly Box[]> {
  const { input, output } = catalogued(model.about.name)!;
  return model.detect(frame, input!, { ...output!, classes: [] });
}

/** A picture of one colour. */
function plain(width: number, height: number, value: number): Frame {
  const data = new Uint8Array(width * height * 3).fill(value);
  return { frame_idx: 0, width, height, format: "rgb24", stride: width * 3, data };
}

let faces: Model;
let objects: Model;
beforeAll(async () => {
  faces = await inference.open({ ...ONE_WORKER, model: "face_tiny" });
  objects = await inference.open({ ...ONE_WORKER, model: "coco_small" });
});
afterAll(() => inference.close());

describe("face_tiny", () => {
  test("is the bytes that the catalogue knows", async () => {
    const bytes = await makeFaceTiny();
    const { sha256: known, bytes: length } = catalogued("face_tiny")!;
    expect({ sha256: await sha256(bytes), length: bytes.length }).toEqual({ sha256: known, length });
  });

  test("takes any number of pictures at once, and names its class", () => {
    expect(faces.inputs).toEqual([{ name: "images", type: "float32", dims: [-1, 3, 416, 416] }]);
    expect(faces.outputs).toEqual([{ name: "output", type: "float32", dims: [-1, 5, 845] }]);
    expect(faces.classes).toEqual(["face"]);
  });

  // What the package finds itself.
  for (const [number, count] of [
    [1, 3],
    [2, 1],
    [3, 3],
    [4, 3],
    [5, 5],
    [6, 5],
  ] as const) {
    test(`finds ${count} in photo ${number}`, async () => {
      expect(await detect(faces, await photo(number))).toHaveLength(count);
    });
  }

  test("puts a face where it is", async () => {
    const [face] = await detect(faces, await photo(2));
    const { x1, y1, x2, y2 } = face!;
    // In the photo her eyes are at (1500, 250), her chin is at (1540, 370).
    expect({ left: x1 < 1_450 && x1 > 1_350, right: x2 > 1_600 && x2 < 1_720 }).toEqual({ left: true, right: true });
    expect({ top: y1 < 250 && y1 > 80, bottom: y2 > 340 && y2 < 440 }).toEqual({ top: true, bottom: true });
  });

  test("finds none where there are none", async () => {
    for (const value of [0, 128, 255]) expect(await detect(faces, plain(640, 480, value))).toEqual([]);
  });
});

/** First detections of TensorFlow.js 4.22 on the same input: x1, y1, x2, y2 in pixels of the input, score, class. */
const BY_TENSORFLOW = {
  1: [
    [322.91, 43.55, 502.32, 338.7, 0.72637, 0],
    [184.26, 83.81, 332.97, 334.5, 0.70258, 0],
    [48.84, 68.34, 195.45, 338.89, 0.58205, 0],
    [74.35, 269.93, 111.25, 341.91, 0.39033, 40],
    [285.08, 282.72, 325.55, 339.56, 0.28748, 41],
    [205.22, 280.78, 238.92, 338.34, 0.24457, 39],
    [409.18, 263.69, 493.29, 337.94, 0.23117, 56],
    [254.53, 260.45, 285.84, 337.15, 0.22506, 39],
  ],
  4: [
    [8.39, 22.09, 240.94, 381.11, 0.55378, 0],
    [201.46, 18.64, 352.65, 384.89, 0.48283, 0],
    [313.13, 21.32, 481.76, 386.09, 0.28726, 0],
    [2.55, 313.01, 72.57, 356.46, 0.23111, 13],
    [202.54, 25.16, 386.06, 383.45, 0.22286, 0],
    [7.92, 25.79, 182.64, 377.36, 0.19589, 0],
    [134.6, 6.83, 255.69, 383.57, 0.19114, 0],
    [167.42, 79.13, 227.94, 108.6, 0.18528, 67],
  ],
} as const;

describe("coco_small", () => {
  test("is the bytes that the catalogue knows", async () => {
    const bytes = await makeCocoSmall();
    const { sha256: known, bytes: length } = catalogued("coco_small")!;
    expect({ sha256: await sha256(bytes), length: bytes.length }).toEqual({ sha256: known, length });
  });

  test("takes any number of pictures of any size, and names its classes", () => {
    expect(objects.inputs).toEqual([{ name: "images", type: "float32", dims: [-1, 3, -1, -1] }]);
    expect(objects.outputs).toEqual([{ name: "output", type: "float32", dims: [-1, 100, 6] }]);
    expect(objects.classes).toHaveLength(80);
    expect(objects.classes).toEqual([...catalogued("coco_small")!.classes!]);
  });

  for (const [number, expected] of Object.entries(BY_TENSORFLOW)) {
    test(`gives what TensorFlow.js gives for photo ${number}`, async () => {
      const outputs = await objects.runFrame(await photo(Number(number)), catalogued("coco_small")!.input!);
      const values = outputs.get("output")!.data as Float32Array;
      for (const [at, row] of expected.entries()) {
        for (const [column, value] of row.entries()) {
          const digits = column === 4 ? 4 : 1;
          expect(values[at * 6 + column]!).toBeCloseTo(value, digits);
        }
      }
    });
  }

  test("finds the three persons of a photo, where they are", async () => {
    const boxes = await detect(objects, await photo(1));
    const persons = boxes.filter(({ class_id }) => class_id === 0);
    expect(persons.map(({ x1, x2 }) => [Math.round(x1), Math.round(x2)])).toEqual([
      [1211, 1884],
      [691, 1249],
      [183, 733],
    ]);
  });

  test("takes a size in steps of 32", async () => {
    const input = { ...catalogued("coco_small")!.input!, width: 384, height: 256 };
    const outputs = await objects.runFrame(await photo(1), input);
    expect(outputs.get("output")!.dims).toEqual([1, 100, 6]);
    const [, , , , score, kind] = outputs.get("output")!.data as Float32Array;
    expect(kind).toBe(0);
    expect(score).toBeGreaterThan(0.5);
  });

  test("finds nothing in one colour", async () => {
    for (const value of [0, 128, 255]) expect(await detect(objects, plain(512, 512, value))).toEqual([]);
  });
});

describe("the converter", () => {
  const graphOf = (nodes: readonly TfNode[]) => ({
    nodes: new Map(nodes.map((node) => [node.name, node])),
    weights: new Map(),
    graph: new OnnxGraph(),
    size: 512,
    done: new Map(),
  });

  test("names an operator that it does not know", () => {
    const conversion = graphOf([{ name: "x/strange", op: "Strange" }]);
    expect(() => convert(conversion, "x/strange")).toThrow(
      "cannot convert node x/strange: operator Strange is not in the table",
    );
  });

  test("names a node that is missing", () => {
    const conversion = graphOf([{ name: "a", op: "Relu", input: ["b"] }]);
    expect(() => convert(conversion, "a")).toThrow("cannot convert node b: the graph has none of that name");
  });

  test("refuses weights that are shorter or longer than their manifest", () => {
    const entries = [{ name: "w", shape: [2, 2], dtype: "float32" }];
    expect(() => readWeights(entries, new Uint8Array(20))).toThrow("the manifest asks for 16 bytes of 20");
    expect(() => readWeights(entries, new Uint8Array(12))).toThrow();
  });

  test("turns bytes into numbers by scale and least value", () => {
    const entry = { name: "w", shape: [3], dtype: "float32", quantization: { dtype: "uint8", scale: 0.5, min: -1 } };
    expect(readWeights([entry], Uint8Array.of(0, 2, 255)).get("w")!.data).toEqual(Float32Array.of(-1, 0, 126.5));
  });

  test("transposes as a picture's channels move", () => {
    const from = { type: "float32" as const, dims: [1, 2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
    expect(transposed(from, [2, 0, 1])).toEqual({ ...from, dims: [3, 1, 2], data: Float32Array.of(1, 4, 2, 5, 3, 6) });
  });
});
