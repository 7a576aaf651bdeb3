import { floats, integers, OnnxGraph, type Port } from "../../scripts/models/onnx_writer.ts";

/** Models of a few bytes whose every number is known. Colours are 0…1, pictures [batch, channels, height, width]. */

const picture = (name: string, dims: Port["dims"]): Port => ({ name, type: "float32", dims });

/** Gives back what it gets, of any batch, channels and size. */
export function identityModel(): Uint8Array<ArrayBuffer> {
  const graph = new OnnxGraph();
  graph.add("Identity", ["x"], {}, "y");
  const dims = ["batch", "channels", "height", "width"];
  return graph.write({ name: "identity", inputs: [picture("x", dims)], outputs: [picture("y", dims)] });
}

/** How much brighter each gray pixel's right side is than its left (Sobel); the rim of one pixel is missing. */
export function sobelModel(size = 8): Uint8Array<ArrayBuffer> {
  const graph = new OnnxGraph();
  const filter = graph.constant(floats([-1, 0, 1, -2, 0, 2, -1, 0, 1], [1, 1, 3, 3]));
  graph.add("Conv", ["x", filter], {}, "y");
  const output = picture("y", [1, 1, size - 2, size - 2]);
  return graph.write({ name: "sobel", inputs: [picture("x", [1, 1, size, size])], outputs: [output] });
}

/** The mean of each channel: a classifier of three classes, red, green and blue. */
export function meanColorModel(size = 32): Uint8Array<ArrayBuffer> {
  const graph = new OnnxGraph();
  graph.add("Flatten", [graph.add("GlobalAveragePool", ["images"])], { axis: 1 }, "output");
  return graph.write({
    name: "mean_color",
    inputs: [picture("images", ["batch", 3, size, size])],
    outputs: [picture("output", ["batch", 3])],
    metadata: { names: "{0: 'red', 1: 'green', 2: 'blue'}" },
  });
}

export interface BlobOptions {
  /** Height and width of the input. */
  size?: number;
  /** Height and width of the blobs in the input; others are found, but boxed wrongly. */
  box?: number;
  /** Places looked at, in both directions: a box is at most half of it off. */
  stride?: number;
}

/**
 * Finds red (class 0) and blue (class 1) squares on black, gray or white, any number of them; the output has the
 * layout of YOLOv8: [batch, 4 + 2, places], centre, width and height in pixels of the input, then scores.
 * A square that is wholly there scores 1, half of it 0.5.
 */
export function blobModel({ size = 160, box = 32, stride = 4 }: BlobOptions = {}): Uint8Array<ArrayBuffer> {
  const graph = new OnnxGraph();
  const steps = (size - box) / stride + 1;
  if (!Number.isInteger(steps)) throw new Error(`blobModel: stride ${stride} does not divide ${size} - ${box}`);
  const places = steps * steps;
  const filter = graph.constant(floats([1, -1, -1, -1, -1, 1], [2, 3, 1, 1]));
  const colors = graph.add("Relu", [graph.add("Conv", ["images", filter])]);
  const shared = graph.add("AveragePool", [colors], { kernel_shape: [box, box], strides: [stride, stride] });
  const scores = graph.add("Reshape", [onlyPeaks(graph, shared, box / stride), graph.constant(integers([0, 0, -1]))]);
  // Zeros of the batch's size widen the boxes, which are the same for every picture, to the batch.
  const any = graph.add("ReduceMax", [scores], { axes: [1], keepdims: 1 });
  const zeros = graph.add("Mul", [any, graph.constant(floats([0], []))]);
  const boxes = graph.add("Add", [zeros, graph.constant(floats(placesOf(steps, stride, box), [1, 4, places]))]);
  graph.add("Concat", [boxes, scores], { axis: 1 }, "output");
  return graph.write({
    name: "blobs",
    inputs: [picture("images", ["batch", 3, size, size])],
    outputs: [picture("output", ["batch", 6, places])],
    metadata: { names: "{0: 'red', 1: 'blue'}" },
  });
}

/** Around a square its neighbours score as well, and do not overlap it enough to be suppressed: only the best stays. */
function onlyPeaks(graph: OnnxGraph, scores: string, reach: number): string {
  const pad = Math.floor(reach) - 1;
  const kernel = 2 * pad + 1;
  const attributes = { kernel_shape: [kernel, kernel], strides: [1, 1], pads: [pad, pad, pad, pad] };
  const highest = graph.add("MaxPool", [scores], attributes);
  return graph.add("Mul", [scores, graph.add("Cast", [graph.add("Equal", [scores, highest])], { to: 1 })]);
}

/** Row by row: all centres x, all centres y, all widths, all heights. */
function placesOf(steps: number, stride: number, box: number): number[] {
  const each = (value: (at: number) => number) => Array.from({ length: steps * steps }, (_, at) => value(at));
  return [
    ...each((at) => (at % steps) * stride + box / 2),
    ...each((at) => Math.floor(at / steps) * stride + box / 2),
    ...each(() => box),
    ...each(() => box),
  ];
}

/** Gives the same detections for every picture, in YOLOv8's layout: rows of cx, cy, width, height, score. */
export function constantModel(rows: readonly (readonly number[])[], size = 64): Uint8Array<ArrayBuffer> {
  const graph = new OnnxGraph();
  const [count, width] = [rows.length, rows[0]?.length ?? 5];
  const values = Array.from({ length: width }, (_, value) => rows.map((row) => row[value]!)).flat();
  const nothing = graph.add("Mul", [
    graph.add("ReduceMax", ["images"], { keepdims: 0 }),
    graph.constant(floats([0], [])),
  ]);
  graph.add("Add", [graph.constant(floats(values, [1, width, count])), nothing], {}, "output");
  return graph.write({
    name: "constant",
    inputs: [picture("images", [1, 3, size, size])],
    outputs: [picture("output", [1, width, count])],
  });
}

/** The mean square of the values of each row: how much power a sound has. */
export function powerModel(): Uint8Array<ArrayBuffer> {
  const graph = new OnnxGraph();
  graph.add("ReduceMean", [graph.add("Mul", ["samples", "samples"])], { axes: [1], keepdims: 1 }, "power");
  const samples: Port = { name: "samples", type: "float32", dims: ["batch", "length"] };
  return graph.write({ name: "power", inputs: [samples], outputs: [picture("power", ["batch", 1])] });
}

/** A valid file with an operator that no runtime has. */
export function unknownOperatorModel(): Uint8Array<ArrayBuffer> {
  const graph = new OnnxGraph();
  graph.add("NoSuchOperator", ["x"], {}, "y");
  return graph.write({ name: "unknown", inputs: [picture("x", [1, 1])], outputs: [picture("y", [1, 1])] });
}
