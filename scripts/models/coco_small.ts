import * as path from "node:path";
import { COCO_CLASSES } from "../../src/inference/models/coco_classes.ts";
import { integers, OnnxGraph } from "./onnx_writer.ts";
import { type Conversion, convert, type TfModel } from "./tfjs_graph.ts";
import { readWeights } from "./tfjs_weights.ts";

/** Height and width it was trained and frozen for. */
const SIZE = 512;
/** Boxes of the strongest centres; more than this a small model does not tell apart. */
const BOXES = 100;
/** A centre stands for this many pixels of the input. */
const STRIDE = 4;

/**
 * CenterNet on MobileNetV3 for the 80 classes of COCO, of the package `@vladmandic/human` (MIT), as ONNX, 4 MB.
 *
 * Input `images` [batch, 3, height, width], RGB 0…255, height and width in steps of 32; it was trained for 512.
 * Output `output` [batch, 100, 6]: x1, y1, x2, y2 in pixels of the input, score, class; the strongest first.
 * The same package gives the same bytes.
 */
export async function makeCocoSmall(folder = packageFolder()): Promise<Uint8Array<ArrayBuffer>> {
  const base = path.join(folder, "models/centernet");
  const model = (await Bun.file(`${base}.json`).json()) as TfModel;
  const weights = readWeights(model.weightsManifest[0]!.weights, await Bun.file(`${base}.bin`).bytes());
  const nodes = new Map(model.modelTopology.node.map((node) => [node.name, node]));
  const graph = new OnnxGraph();
  const conversion: Conversion = { nodes, weights, graph, size: SIZE, done: new Map() };
  decode(graph, convert(conversion, "tower_0/keypoints"), convert(conversion, "tower_0/wh"));
  return graph.write({
    name: "coco_small",
    inputs: [{ name: "images", type: "float32", dims: ["batch", 3, "height", "width"] }],
    outputs: [{ name: "output", type: "float32", dims: ["batch", BOXES, 6] }],
    metadata: { names: namesText(COCO_CLASSES), license: "MIT", author: "Chao Liu, Vladimir Mandic" },
  });
}

const packageFolder = () => path.dirname(Bun.resolveSync("@vladmandic/human/package.json", import.meta.dir));

/** Class names as Ultralytics writes them, which is what readers of ONNX files look for. */
export const namesText = (names: readonly string[]) => `{${names.map((name, id) => `${id}: '${name}'`).join(", ")}}`;

/**
 * From the heat map [batch, classes, h, w] and the distances [batch, 4, h, w] of each centre to the sides of its box.
 *
 * Written here and not converted: TensorFlow's counts cells with the class last, for one picture of one size.
 */
function decode(graph: OnnxGraph, heat: string, sides: string) {
  const number = (value: number) => graph.constant(integers([value], []));
  const list = (...values: number[]) => graph.constant(integers(values));
  const width = graph.add("Gather", [graph.add("Shape", [heat]), number(3)]);
  const cells = graph.add("Mul", [width, graph.add("Gather", [graph.add("Shape", [heat]), number(2)])]);
  const scores = graph.add("Reshape", [peaks(graph, heat), list(0, -1)]);
  const [score, index] = graph.addMany("TopK", [scores, list(BOXES)], { axis: 1 }, ["score", "index"]);
  const cell = graph.add("Mod", [index!, cells]);
  const position = [graph.add("Mod", [cell, width]), graph.add("Div", [cell, width])];
  const float = (value: string) => graph.add("Cast", [value], { to: 1 });
  const one = list(1);
  const center = position.map((each) => graph.add("Mul", [float(each), float(number(STRIDE))]));
  const centers = graph.add(
    "Concat",
    center.map((each) => graph.add("Unsqueeze", [each, one])),
    { axis: 1 },
  );
  const [near, far] = graph.addMany("Split", [distances(graph, sides, cell), list(2, 2)], { axis: 1 }, ["near", "far"]);
  const corners = [graph.add("Sub", [centers, near!]), graph.add("Add", [centers, far!])];
  const kind = float(graph.add("Div", [index!, cells]));
  const rest = [score!, kind].map((each) => graph.add("Unsqueeze", [each, one]));
  graph.add("Transpose", [graph.add("Concat", [...corners, ...rest], { axis: 1 })], { perm: [0, 2, 1] }, "output");
}

/** A centre is where no neighbour is stronger; everything else becomes 0. */
function peaks(graph: OnnxGraph, heat: string): string {
  const highest = graph.add("MaxPool", [heat], { kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] });
  return graph.add("Mul", [heat, graph.add("Cast", [graph.add("Equal", [heat, highest])], { to: 1 })]);
}

/** [batch, 4, boxes] of the cells [batch, boxes]. */
function distances(graph: OnnxGraph, sides: string, cell: string): string {
  const flat = graph.add("Reshape", [sides, graph.constant(integers([0, 0, -1]))]);
  const repeated = graph.constant(integers([1, 4, 1]));
  const axis = graph.constant(integers([1]));
  const indices = graph.add("Expand", [graph.add("Unsqueeze", [cell, axis]), repeated]);
  return graph.add("GatherElements", [flat, indices], { axis: 2 });
}
