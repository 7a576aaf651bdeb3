import { describe, expect, test } from "bun:test";
import { boxesOf } from "../../src/inference/post/index.ts";
import { geometry } from "../../src/inference/pre/geometry.ts";
import type { Box, BoxOutput, TensorData } from "../../src/node/index.ts";
import { RGB_INPUT, YOLOV8 } from "../support/inference.ts";

type Outputs = Readonly<Record<string, readonly [dims: readonly number[], values: readonly number[]]>>;

const SIZE = { width: 64, height: 64 };
/** As large as the model sees it, so that boxes stay what they are. */
const SAME = SIZE;

function boxes(
  outputs: Outputs,
  output: Partial<BoxOutput> & Pick<BoxOutput, "family">,
  frame = SAME,
  pad = "center" as const,
): Box[] {
  const tensors = new Map(
    Object.entries(outputs).map(([name, [dims, values]]): [string, TensorData] => [
      name,
      { type: "float32", dims, data: Float32Array.from(values) },
    ]),
  );
  const placed = geometry(frame.width, frame.height, { ...RGB_INPUT, ...SIZE, port: "images", pad });
  return boxesOf(tensors, { ...YOLOV8, ...output }, SIZE, placed, frame);
}

/** Numbers as a person writes them: 32-bit floats have seven digits. */
const rounded = (found: readonly Box[]) =>
  found.map(({ x1, y1, x2, y2, confidence, class_id }) =>
    [x1, y1, x2, y2, confidence, class_id].map((value) => Math.round(value * 1e4) / 1e4),
  );

/** Rows to columns. */
const turned = (rows: readonly (readonly number[])[]) => rows[0]!.map((_, c) => rows.map((row) => row[c]!));

describe("yolov8", () => {
  // Eight places of two classes; most see nothing.
  const nothing = [0, 0, 0, 0, 0, 0];
  const rows = [
    [20, 20, 10, 20, 0.9, 0.1],
    [21, 20, 10, 20, 0.8, 0.1],
    [20, 20, 10, 20, 0.3, 0.6],
    ...Array(5).fill(nothing),
  ];
  const wanted = [
    [15, 10, 25, 30, 0.9, 0],
    [15, 10, 25, 30, 0.6, 1],
  ];

  test("reads [1, 4 + classes, N] and the transposed layout alike", () => {
    expect(rounded(boxes({ output: [[1, 6, 8], turned(rows).flat()] }, { family: "yolov8" }))).toEqual(wanted);
    expect(rounded(boxes({ output: [[1, 8, 6], rows.flat()] }, { family: "yolov8" }))).toEqual(wanted);
  });

  test("takes the padding off, divides by the ratio and clips to the frame", () => {
    // 128 x 64 in 64 x 64: ratio 0.5, 16 rows of padding above.
    const output = { output: [[1, 8, 6], [[2, 20, 10, 16, 0.9, 0], ...Array(7).fill(nothing)].flat()] } as const;
    expect(rounded(boxes(output, { family: "yolov8" }, { width: 128, height: 64 }))).toEqual([[0, 0, 14, 24, 0.9, 0]]);
  });

  test("does the same to a frame that stands upright", () => {
    // 64 x 128 in 64 x 64: ratio 0.5, 16 columns of padding on the left.
    const rows_ = [[22, 20, 4, 8, 0.9, 0], ...Array(7).fill(nothing)];
    const output = { output: [[1, 8, 6], rows_.flat()] } as const;
    expect(rounded(boxes(output, { family: "yolov8" }, { width: 64, height: 128 }))).toEqual([[8, 32, 16, 48, 0.9, 0]]);
  });

  test("drops boxes that lie outside the frame", () => {
    const output = { output: [[1, 8, 6], [[20, 5, 10, 8, 0.9, 0], ...Array(7).fill(nothing)].flat()] } as const;
    expect(boxes(output, { family: "yolov8" }, { width: 128, height: 64 })).toEqual([]);
  });

  test("asks each class for its own confidence, and leaves out classes that are not wanted", () => {
    const output = { output: [[1, 8, 6], rows.flat()] } as const;
    const found = (more: Partial<BoxOutput>) => boxes(output, { family: "yolov8", ...more }).map((box) => box.class_id);
    expect(found({ class_confidence: { 1: 0.7 } })).toEqual([0]);
    expect(found({ class_confidence: { 0: 0.95 } })).toEqual([1]);
    expect(found({ classes: [1] })).toEqual([1]);
    expect(found({ agnostic: true })).toEqual([0]);
    expect(found({ max_detections: 1 })).toEqual([0]);
  });

  test("a score of exactly the threshold counts", () => {
    const output = { output: [[1, 8, 6], [[20, 20, 10, 20, 0.25, 0], ...Array(7).fill(nothing)].flat()] } as const;
    expect(boxes(output, { family: "yolov8", confidence: 0.25 })).toHaveLength(1);
  });
});

test("yolov5 multiplies the score of an object with that of its class", () => {
  const rows = [
    [20, 20, 10, 20, 0.8, 0.1, 0.5],
    [40, 40, 10, 10, 0.2, 0, 1],
    [50, 50, 8, 8, 0.9, 0, 0.2],
  ];
  const found = boxes({ output: [[1, 3, 7], rows.flat()] }, { family: "yolov5" });
  expect(rounded(found)).toEqual([[15, 10, 25, 30, 0.4, 1]]);
});

test("yolox counts from the cells of its three grids, sides as logarithms", () => {
  // 64 x 64: 8x8 cells of 8, then 4x4 of 16, then 2x2 of 32.
  const rows = Array.from({ length: 64 + 16 + 4 }, () => [0, 0, 0, 0, 0, 0]);
  rows[9] = [0.5, 0.25, 0, Math.log(2), 0.9, 1];
  rows[64 + 6] = [0, 0, 0, 0, 0.8, 1];
  rows[80 + 3] = [0.5, 0.5, Math.log(0.5), 0, 0.7, 1];
  const found = boxes({ output: [[1, 84, 6], rows.flat()] }, { family: "yolox" });
  expect(rounded(found)).toEqual([
    [8, 2, 16, 18, 0.9, 0],
    [24, 8, 40, 24, 0.8, 0],
    [40, 32, 56, 64, 0.7, 0],
  ]);
});

test("rfb leaves out the class of nothing, and its corners are shares of the picture", () => {
  const scores = [
    [0.1, 0.9],
    [0.8, 0.2],
  ];
  const corners = [
    [0.25, 0.5, 0.5, 0.75],
    [0, 0, 1, 1],
  ];
  const found = boxes({ scores: [[1, 2, 2], scores.flat()], boxes: [[1, 2, 4], corners.flat()] }, { family: "rfb" });
  expect(rounded(found)).toEqual([[16, 32, 32, 48, 0.9, 0]]);
});

describe("ssd", () => {
  test("reads TensorFlow's outputs: y before x, shares of the picture, as many as num_detections says", () => {
    const found = boxes(
      {
        num_detections: [[1], [1]],
        detection_boxes: [
          [1, 2, 4],
          [0.25, 0.5, 0.75, 1, 0, 0, 1, 1],
        ],
        detection_scores: [
          [1, 2],
          [0.9, 0.8],
        ],
        detection_classes: [
          [1, 2],
          [3, 1],
        ],
      },
      { family: "ssd" },
    );
    expect(rounded(found)).toEqual([[32, 16, 64, 48, 0.9, 3]]);
  });

  test("reads what TensorFlow 2's detection API exports, other boxes and scores included", () => {
    const found = boxes(
      {
        detection_anchor_indices: [
          [1, 2],
          [7, 8],
        ],
        detection_boxes: [
          [1, 2, 4],
          [0.25, 0.5, 0.75, 1, 0, 0, 1, 1],
        ],
        detection_classes: [
          [1, 2],
          [3, 1],
        ],
        detection_multiclass_scores: [
          [1, 2, 3],
          [0, 0, 0.9, 0.8, 0, 0],
        ],
        detection_scores: [
          [1, 2],
          [0.9, 0.1],
        ],
        num_detections: [[1], [2]],
        raw_detection_boxes: [[1, 5, 4], Array(20).fill(0)],
        raw_detection_scores: [[1, 5, 3], Array(15).fill(0)],
      },
      { family: "ssd" },
    );
    expect(rounded(found)).toEqual([[32, 16, 64, 48, 0.9, 3]]);
  });

  test("reads corners in pixels, x before y", () => {
    const outputs: Outputs = {
      bboxes: [
        [2, 4],
        [10, 20, 30, 40, 50, 50, 60, 60],
      ],
      scores: [[2], [0.9, 0.1]],
      labels: [[2], [1, 2]],
    };
    expect(rounded(boxes(outputs, { family: "ssd" }))).toEqual([[10, 20, 30, 40, 0.9, 1]]);
  });
});

describe("centernet", () => {
  test("takes the hottest cells, with offsets and sides in cells", () => {
    const cells = 16;
    const heat = Array(cells).fill(0);
    heat[5] = 0.9;
    heat[6] = 0.5;
    heat[15] = 0.6;
    const [wh, offset] = [Array(2 * cells).fill(1), Array(2 * cells).fill(0.5)];
    wh[cells + 5] = 2;
    const outputs: Outputs = { heatmap: [[1, 1, 4, 4], heat], wh: [[1, 2, 4, 4], wh], offset: [[1, 2, 4, 4], offset] };
    // A cell is 16 pixels.
    expect(rounded(boxes(outputs, { family: "centernet" }))).toEqual([
      [16, 8, 32, 40, 0.9, 0],
      [48, 48, 64, 64, 0.6, 0],
    ]);
  });

  test("reads boxes that the graph has chosen already", () => {
    const outputs: Outputs = {
      output: [
        [1, 3, 6],
        [10, 20, 30, 40, 0.9, 7, 0, 0, 5, 5, 0.1, 2, 1, 1, 9, 9, 0.5, 0],
      ],
    };
    expect(rounded(boxes(outputs, { family: "centernet" }))).toEqual([
      [10, 20, 30, 40, 0.9, 7],
      [1, 1, 9, 9, 0.5, 0],
    ]);
  });
});

describe("outputs that cannot be boxes are an error that says so:", () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    test(`${value} anywhere`, () => {
      const values = Array(48).fill(0);
      values[47] = value;
      const run = () => boxes({ output: [[1, 6, 8], values] }, { family: "yolov8" });
      expect(run).toThrow(/output "output" holds values that are no numbers.*scale, mean and std/);
    });
  }

  for (const family of ["yolov5", "yolov8", "yolox", "ssd", "rfb", "centernet"] as const) {
    test(`a classifier's for ${family}`, () => {
      const run = () => boxes({ probabilities: [[1, 10], Array(10).fill(0.1)] }, { family });
      expect(run).toThrow(new RegExp(`not those of family ${family}: wanted .*, got probabilities \\[10\\]`));
    });
  }

  test("a YOLOX model of another size", () => {
    const run = () => boxes({ output: [[1, 3549, 85], Array(3549 * 85).fill(0)] }, { family: "yolox" });
    expect(run).toThrow(/wanted \[1, 84, 5 \+ classes\] for 64x64, got output \[3549,85\]/);
  });
});
