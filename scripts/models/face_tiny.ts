import * as path from "node:path";
import { type Constant, floats, integers, OnnxGraph } from "./onnx_writer.ts";
import { readWeights, transposed, type WeightEntry } from "./tfjs_weights.ts";

/** What its package's detector takes when nothing else is said. */
const SIZE = 416;
/** Five poolings halve the picture to 13 by 13 cells. */
const CELLS = 13;
const STRIDE = SIZE / CELLS;
/** Width and height of the boxes it corrects, in cells. */
const ANCHORS = [
  [1.603231, 2.094468],
  [6.041143, 7.080126],
  [2.882459, 3.518061],
  [4.266906, 5.178857],
  [9.041765, 10.66308],
] as const;
/** Mean of its training pictures, of 255. */
const MEAN = [117.001, 114.697, 97.404];
/** Of a box: dx, dy, log width, log height, score. */
const ENCODING = 5;

/**
 * The tiny face detector of the package `@vladmandic/face-api` (MIT) as ONNX, 0.8 MB.
 *
 * Input `images` [batch, 3, 416, 416], RGB 0…1. Output `output` [batch, 5, 845]: center x and y, width and height in
 * pixels of the input, score: the layout of YOLOv8 with one class. The same package gives the same bytes.
 */
export async function makeFaceTiny(folder = packageFolder()): Promise<Uint8Array<ArrayBuffer>> {
  const base = path.join(folder, "model/tiny_face_detector_model");
  const [group] = (await Bun.file(`${base}-weights_manifest.json`).json()) as [{ weights: readonly WeightEntry[] }];
  const weights = readWeights(group.weights, await Bun.file(`${base}.bin`).bytes());
  const graph = new OnnxGraph();
  const cells = backbone(graph, (name) => weights.get(name)!);
  return writeFaces(graph, decode(graph, cells));
}

const packageFolder = () => path.dirname(Bun.resolveSync("@vladmandic/face-api/package.json", import.meta.dir));

const writeFaces = (graph: OnnxGraph, output: string) =>
  graph.write({
    name: "face_tiny",
    inputs: [{ name: "images", type: "float32", dims: ["batch", 3, SIZE, SIZE] }],
    outputs: [{ name: output, type: "float32", dims: ["batch", ENCODING, CELLS * CELLS * ANCHORS.length] }],
    metadata: { names: "{0: 'face'}", license: "MIT", author: "Vincent Mühler, Vladimir Mandic" },
  });

/** MobileNet-like: one convolution, five separable ones, each but the last pooled to half; then 25 values a cell. */
function backbone(graph: OnnxGraph, weight: (name: string) => Constant): string {
  const activated = (value: string) => graph.add("LeakyRelu", [value], { alpha: { float: 0.1 } });
  const pooled = (value: string, strides: readonly number[]) =>
    graph.add("MaxPool", [value], { kernel_shape: [2, 2], strides, auto_pad: "SAME_UPPER" });
  const filters = (name: string, order = [3, 2, 0, 1]) => graph.constant(transposed(weight(name), order), name);
  let value = activated(graph.add("Conv", ["images", ...firstLayer(graph, weight)]));
  value = pooled(value, [2, 2]);
  for (let layer = 1; layer <= 5; layer++) {
    const name = `conv${layer}`;
    const depthwise = filters(`${name}/depthwise_filter`, [2, 3, 0, 1]);
    const group = weight(`${name}/depthwise_filter`).dims[2]!;
    value = graph.add("Conv", [value, depthwise], { group, pads: [1, 1, 1, 1] });
    const bias = graph.constant(weight(`${name}/bias`), `${name}/bias`);
    value = activated(graph.add("Conv", [value, filters(`${name}/pointwise_filter`), bias]));
    value = pooled(value, layer < 5 ? [2, 2] : [1, 1]);
  }
  return graph.add("Conv", [value, filters("conv8/filters"), graph.constant(weight("conv8/bias"), "conv8/bias")]);
}

/** Filters and bias; the mean is taken off by the bias, which is the same as this layer pads nothing. */
function firstLayer(graph: OnnxGraph, weight: (name: string) => Constant): [filters: string, bias: string] {
  const filters = transposed(weight("conv0/filters"), [3, 2, 0, 1]);
  const [outputs = 0, , height = 0, width = 0] = filters.dims;
  const area = height * width;
  const values = filters.data as Float32Array;
  const bias = Float32Array.from({ length: outputs }, (_, output) => {
    const mean = MEAN.map((value, channel) => {
      const start = (output * MEAN.length + channel) * area;
      return (value / 255) * values.subarray(start, start + area).reduce((sum, each) => sum + each, 0);
    });
    return Number(weight("conv0/bias").data[output]) - mean.reduce((sum, each) => sum + each, 0);
  });
  return [
    graph.constant(filters, "conv0/filters"),
    graph.constant({ type: "float32", dims: [outputs], data: bias }, "conv0/bias"),
  ];
}

/** From [batch, anchors · 5, 13, 13] to the boxes of all cells. */
function decode(graph: OnnxGraph, cells: string): string {
  const count = CELLS * CELLS;
  const shape = graph.constant(integers([0, ANCHORS.length, ENCODING, count]));
  const split = graph.constant(integers([2, 2, 1]));
  const raw = graph.add("Reshape", [cells, shape]);
  const [offsets, sizes, scores] = graph.addMany("Split", [raw, split], { axis: 2 }, ["offsets", "sizes", "scores"]);
  const grid = Array.from({ length: 2 * count }, (_, at) =>
    at < count ? at % CELLS : Math.floor((at - count) / CELLS),
  );
  const corner = graph.constant(floats(grid, [1, 1, 2, count]));
  const stride = graph.constant(floats([STRIDE], []));
  const anchors = graph.constant(
    floats(
      ANCHORS.flat().map((size) => size * STRIDE),
      [1, ANCHORS.length, 2, 1],
    ),
  );
  const centers = graph.add("Mul", [graph.add("Add", [graph.add("Sigmoid", [offsets!]), corner]), stride]);
  const boxes = graph.add("Mul", [graph.add("Exp", [sizes!]), anchors]);
  const parts = graph.add("Concat", [centers, boxes, graph.add("Sigmoid", [scores!])], { axis: 2 });
  const byValue = graph.add("Transpose", [parts], { perm: [0, 2, 1, 3] });
  return graph.add("Reshape", [byValue, graph.constant(integers([0, ENCODING, -1]))], {}, "output");
}
