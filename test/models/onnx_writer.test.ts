import { describe, expect, test } from "bun:test";
import { integers, OnnxGraph } from "../../scripts/models/onnx_writer.ts";
import { chunk, integer } from "../../src/inference/protobuf_writer.ts";
import {
  blobModel,
  constantModel,
  identityModel,
  meanColorModel,
  sobelModel,
  unknownOperatorModel,
} from "../support/onnx_models.ts";
import { onnxSession } from "../support/onnx_session.ts";

const RED = [1, 0, 0];
const BLUE = [0, 0, 1];

/** A picture of `size`² in NCHW on black, with squares of `side`. */
function drawn(size: number, squares: readonly { x: number; y: number; side: number; color: readonly number[] }[]) {
  const data = new Float32Array(3 * size * size);
  for (const { x, y, side, color } of squares) {
    for (let row = y; row < y + side; row++) {
      for (let channel = 0; channel < 3; channel++) {
        const start = (channel * size + row) * size + x;
        data.fill(color[channel]!, start, start + side);
      }
    }
  }
  return data;
}

/** What scores at least a half, as [class, score, cx, cy, width, height]. */
function found({ data, dims }: { data: Float32Array; dims: number[] }, picture = 0): number[][] {
  const [, rows = 0, places = 0] = dims;
  const value = (row: number, at: number) => data[(picture * rows + row) * places + at]!;
  return Array.from({ length: places }, (_, at) => at).flatMap((at) =>
    [0, 1].flatMap((id) =>
      value(4 + id, at) >= 0.5 ? [[id, value(4 + id, at), ...[0, 1, 2, 3].map((row) => value(row, at))]] : [],
    ),
  );
}

describe("a written model", () => {
  test("gives back what it gets", async () => {
    await using model = await onnxSession(identityModel());
    const data = Float32Array.from({ length: 24 }, (_, at) => at / 7);
    expect((await model.run(data, [2, 3, 2, 2])).y).toEqual({ dims: [2, 3, 2, 2], data });
  });

  test("convolves: an edge of height 1 is 4 to Sobel", async () => {
    await using model = await onnxSession(sobelModel(4));
    const { y } = await model.run(Float32Array.from([0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1]), [1, 1, 4, 4]);
    expect(y).toEqual({ dims: [1, 1, 2, 2], data: Float32Array.from([4, 4, 4, 4]) });
  });

  test("classifies by mean colour", async () => {
    await using model = await onnxSession(meanColorModel(2));
    const { output } = await model.run(Float32Array.from([1, 1, 0.5, 0.5, 0, 0, 0, 1, 0, 0, 0, 0]), [1, 3, 2, 2]);
    expect(output).toEqual({ dims: [1, 3], data: Float32Array.from([0.75, 0.25, 0]) });
  });

  test("gives detections that do not depend on the picture", async () => {
    const rows = [
      [10, 20, 4, 8, 0.5],
      [30, 40, 6, 6, 0.25],
    ];
    await using model = await onnxSession(constantModel(rows, 2));
    const { output } = await model.run(new Float32Array(12).fill(9), [1, 3, 2, 2]);
    expect(output).toEqual({ dims: [1, 5, 2], data: Float32Array.from([10, 30, 20, 40, 4, 6, 8, 6, 0.5, 0.25]) });
  });

  test("is refused by the runtime with the operator's name when there is none", async () => {
    await expect(onnxSession(unknownOperatorModel())).rejects.toThrow("NoSuchOperator");
  });

  test("is the same bytes each time", () => expect(blobModel()).toEqual(blobModel()));
});

describe("the detector of colour blobs", () => {
  test("finds red and blue squares where they are, and nothing else", async () => {
    await using model = await onnxSession(blobModel());
    const squares = [
      { x: 8, y: 16, side: 32, color: RED },
      { x: 100, y: 60, side: 32, color: RED },
      { x: 60, y: 120, side: 32, color: BLUE },
      { x: 0, y: 80, side: 32, color: [1, 1, 1] },
      { x: 120, y: 0, side: 32, color: [0, 1, 0] },
    ];
    const { output } = await model.run(drawn(160, squares), [1, 3, 160, 160]);
    expect(output!.dims).toEqual([1, 6, 33 * 33]);
    expect(found(output!)).toEqual([
      [0, 1, 24, 32, 32, 32],
      [0, 1, 116, 76, 32, 32],
      [1, 1, 76, 136, 32, 32],
    ]);
  });

  test("keeps the pictures of a batch apart", async () => {
    await using model = await onnxSession(blobModel({ size: 32, box: 8, stride: 4 }));
    const batch = new Float32Array([
      ...drawn(32, [{ x: 0, y: 0, side: 8, color: BLUE }]),
      ...drawn(32, [{ x: 24, y: 24, side: 8, color: RED }]),
    ]);
    const { output } = await model.run(batch, [2, 3, 32, 32]);
    expect([found(output!, 0), found(output!, 1)]).toEqual([[[1, 1, 4, 4, 8, 8]], [[0, 1, 28, 28, 8, 8]]]);
  });

  test("finds nothing on gray", async () => {
    await using model = await onnxSession(blobModel());
    expect(found((await model.run(new Float32Array(3 * 160 * 160).fill(0.5), [1, 3, 160, 160])).output!)).toEqual([]);
  });
});

describe("the writer", () => {
  test("refuses a constant whose data do not fill its shape", () => {
    const graph = new OnnxGraph();
    expect(() => graph.constant(integers([1, 2, 3], [2, 2]), "shape")).toThrow(
      "cannot write constant shape: its shape [2,2] has 4 elements, its data 3",
    );
  });

  // Examples of protobuf's own description of its encoding.
  test("writes fields as protobuf does", () => {
    expect([...integer(1, 150)]).toEqual([0x08, 0x96, 0x01]);
    expect([...integer(1, -2)]).toEqual([0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
    expect([...chunk(2, "testing")]).toEqual([0x12, 7, ...Buffer.from("testing")]);
    expect([...chunk(3, [integer(1, 150)])]).toEqual([0x1a, 3, 0x08, 0x96, 0x01]);
  });
});
