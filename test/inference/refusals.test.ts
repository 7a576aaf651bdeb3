import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { OnnxGraph } from "../../scripts/models/onnx_writer.ts";
import { modelFile } from "../../src/inference/index.ts";
import { diskFiles, type FrameInput, type TensorData } from "../../src/node/index.ts";
import { temporaryFolder } from "../support/folder.ts";
import { frameOfBytes, inference, RGB_INPUT, squares, YOLOV8 } from "../support/inference.ts";
import { blobModel, constantModel, unknownOperatorModel } from "../support/onnx_models.ts";

const bytesOf = (text: string) => new Uint8Array(new TextEncoder().encode(text));
const blobs = blobModel({ size: 96, box: 16 });
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => "no failure",
    ({ message }: Error) => message,
  );

/** One operator with attributes as they may come. */
function madeOf(op: string, inputs: number, types: readonly ("float32" | "int8")[] = ["float32"]) {
  const graph = new OnnxGraph();
  graph.add(op, Array(inputs).fill("x"), {}, "y");
  const port = (name: string) => ({ name, type: types[0]!, dims: [1, 4] });
  return graph.write({ name: op, inputs: [port("x")], outputs: [port("y")] });
}

describe("a model is refused with what it is and what to do:", () => {
  for (const [what, bytes, says] of [
    ["an empty file", new Uint8Array(), /it is empty \(0 bytes\): copy or download it again/],
    ["a text", bytesOf("this is no model, it is only a text"), /it is no ONNX file|it is cut off, or no ONNX file/],
    [
      "a web page",
      bytesOf("<!doctype html><title>404</title>"),
      /it is no ONNX file: it is a web page, perhaps of a failed/,
    ],
    ["a pointer of git-lfs", bytesOf("version https://git-lfs.github.com/spec/v1\noid sha256:1"), /run git lfs pull/],
    ["a PyTorch archive", bytesOf("PK\x03\x04archive/data.pkl"), /a zip archive, as PyTorch \(\.pt\) and Keras write/],
    [
      "half a model",
      blobs.slice(0, blobs.length / 2),
      /it is cut off, or no ONNX file: \d+ bytes are missing at its end/,
    ],
    ["a message without a graph", Uint8Array.of(8, 7), /it is no ONNX file: it holds no graph/],
    ["noise in a graph", Uint8Array.of(8, 7, 58, 3, 255, 255, 255), /it is no ONNX file, or damaged: copy it again/],
    [
      "an unknown operator",
      unknownOperatorModel(),
      /it uses the operator \S*NoSuchOperator.* export it with standard operators/,
    ],
    ["an operator of types that it has not", madeOf("Tanh", 1, ["int8"]), /Tanh/],
  ] as const) {
    test(what, async () => {
      await using host = inference({ models: { "yard.onnx": bytes } });
      const message = await failure(host.open("yard.onnx"));
      expect(message).toStartWith("cannot open model yard.onnx: ");
      expect(message).toMatch(says);
      expect(message.length).toBeLessThan(700);
    });
  }

  test("native is asked for and not there", async () => {
    await using host = inference({ models: { blobs } });
    expect(await failure(host.open("blobs", { backend: "native" }))).toMatch(
      /backend is native, and there is no native library in \/nowhere \(the test\): unpack the folder native .* or set backend to auto/,
    );
  });
});

test("a refused model leaves no worker, and a good one of the same name opens afterwards", async () => {
  const models: Record<string, Uint8Array<ArrayBuffer>> = { a: unknownOperatorModel() };
  await using host = inference({ models });
  await failure(host.open("a"));
  models.a = blobs;
  expect((await host.open("a")).classes).toEqual(["red", "blue"]);
});

describe("a file is refused with its path:", () => {
  for (const [name, says] of [
    ["none.onnx", /cannot read model none\.onnx: there is no file .*none\.onnx; paths start at the graph's folder/],
    ["yolo.pt", /models are ONNX files \(\.onnx\); make one with: yolo export model=yolo\.pt format=onnx/],
    [".", /cannot read model \.: .* is a folder/],
    // As /dev/zero, which never ends, and a pipe into which nobody writes.
    ["/dev/null", /cannot read model \/dev\/null: .* is no file but a device, a pipe or a socket/],
  ] as const) {
    test(name, async () => {
      using folder = temporaryFolder();
      expect(await failure(modelFile(name, diskFiles({ base: folder.path })))).toMatch(says);
    });
  }

  test("a file that is larger than an ONNX file can be", async () => {
    using folder = temporaryFolder();
    const file = path.join(folder.path, "a.onnx");
    fs.writeFileSync(file, "");
    fs.truncateSync(file, 2 ** 31 + 1);
    expect(await failure(modelFile("a.onnx", diskFiles({ base: folder.path })))).toMatch(
      /it has 2147483649 bytes, at most 2147483648 are read/,
    );
  });

  test("a file is read with its hash", async () => {
    using folder = temporaryFolder();
    await Bun.write(path.join(folder.path, "a.onnx"), "abc");
    const { name, sha256 } = await modelFile("a.onnx", diskFiles({ base: folder.path }));
    expect([name, sha256.slice(0, 12)]).toEqual(["a.onnx", "ba7816bf8f01"]);
  });
});

describe("a request is refused with what the model takes:", () => {
  const tensor = (dims: number[], type: TensorData["type"] = "float32"): TensorData => {
    const length = dims.reduce((product, size) => product * size, 1);
    return { type, dims, data: type === "uint8" ? new Uint8Array(length) : new Float32Array(length) };
  };

  for (const [what, feeds, says] of [
    ["another name", { pixels: tensor([1]) }, /has no input "pixels": it takes images: float32 \[\?,3,96,96\]/],
    ["no input", {}, /misses its input "images": it takes images/],
    [
      "another shape",
      { images: tensor([1, 3, 64, 64]) },
      /takes images: float32 \[\?,3,96,96\], got float32 \[1,3,64,64\]/,
    ],
    ["another type", { images: tensor([1, 3, 96, 96], "uint8") }, /takes images: float32 .*, got uint8 \[1,3,96,96\]/],
    [
      "too few values",
      { images: { ...tensor([1]), dims: [1, 3, 96, 96] } },
      /got 1 values for "images", and .* has 27648/,
    ],
  ] as const) {
    test(`tensors with ${what}`, async () => {
      await using host = inference({ models: { blobs } });
      const message = await failure((await host.open("blobs")).run(feeds));
      expect(message).toStartWith("cannot run model blobs: ");
      expect(message).toMatch(says);
    });
  }

  for (const [what, input, says] of [
    ["another size", { width: 640 }, /so width must be 96 or 0, got 640/],
    ["other bytes", { dtype: "uint8" }, /takes images: float32 .*, and frames become uint8: set dtype/],
    ["another order", { layout: "nhwc" }, /frames become 3 x … as nhwc: set channels or layout/],
    ["one channel", { channels: "gray" }, /frames become 1 x … as nchw: set channels or layout/],
  ] as const) {
    test(`frames with ${what}`, async () => {
      await using host = inference({ models: { blobs } });
      const model = await host.open("blobs");
      const input_ = { ...RGB_INPUT, ...input } as FrameInput;
      expect(await failure(model.detect(squares(8, 8, []), input_, YOLOV8))).toMatch(says);
    });
  }

  test("a jpeg that is none fails alone", async () => {
    await using host = inference({ models: { blobs }, cores: 1 });
    const model = await host.open("blobs", { batch: 4 });
    const red = squares(96, 96, [[8, 8, 16, [255, 0, 0]]]);
    const noJpeg = frameOfBytes(96, 96, "jpeg", new Uint8Array(64));
    const found = await Promise.allSettled(
      [red, red, noJpeg, red].map((frame) => model.detect(frame, RGB_INPUT, YOLOV8)),
    );
    expect(found.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
    expect(model.metrics().inference_worker_restarts_total).toBe(0);
  });
});

test("a model that gives NaN is an error for boxes, and its outputs are handed out as they are", async () => {
  const model = constantModel([[Number.NaN, 8, 4, 4, 0.9], ...Array(6).fill([8, 8, 4, 4, 0])]);
  await using host = inference({ models: { model } });
  const opened = await host.open("model");
  const frame = squares(64, 64, []);
  expect(await failure(opened.detect(frame, RGB_INPUT, YOLOV8))).toMatch(
    /cannot run model model: output "output" holds values that are no numbers \(NaN or infinite\)/,
  );
  expect((await opened.runFrame(frame, RGB_INPUT)).get("output")!.data[0]).toBeNaN();
});

for (const count of [0, 100_000]) {
  test(`${count} detections of one frame are ${Math.min(count, 300)} boxes`, async () => {
    // On a grid of 400 x 250, each a box of its own.
    const rows = Array.from({ length: 100_000 }, (_, i) => [
      ...[((i % 400) + 0.5) * 0.16, (Math.floor(i / 400) + 0.5) * 0.256, 0.1, 0.1],
      count === 0 ? 0.1 : 0.5 + i / 250_000,
    ]);
    await using host = inference({ models: { model: constantModel(rows) } });
    const opened = await host.open("model");
    const boxes = await opened.detect(squares(64, 64, []), RGB_INPUT, { ...YOLOV8, max_detections: 300 });
    expect(boxes).toHaveLength(Math.min(count, 300));
    expect(boxes.every(({ confidence }, i) => i === 0 || confidence <= boxes[i - 1]!.confidence)).toBe(true);
  });
}
